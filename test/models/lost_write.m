-- The step table of README.md, for rumur: two stores, a zap and an fsync of one page.
--
-- Each step is a rule, enabled where its CPU is and may go on; it says what is done, and before which step the CPU is then.
-- What a zap does of which entry, and in which order, is a table of its own: Next().
--
-- ORDER is that in which the zap does its work, LIMIT the most preemptions that a schedule may have; when it is UNLIMITED they
-- are not counted, and are no part of the state. What is left when all CPUs have ended is printed, for ci/check-models.

const
  EAGER_DIRTY: 1;
  DEFERRED_DIRTY: 2;
  DELAYED_RMAP: 3;
  ORDER: EAGER_DIRTY;

  UNLIMITED: 99;
  LIMIT: UNLIMITED;

type
  Cpu: 0..2;
  Rank: 0..7;
  Entry: enum { none, readonly, writable };
  Lock: enum { nothing, page_table_lock, page_lock };

  -- Before which step a CPU is.
  Place: enum {
    -- a store
    access, look, lock_page, mkwrite, lock, add_rmap, set_entry, unlock, dirty_again,
    lock_to_look, look_again, unlock_to_lock_page, lock_readonly_page, mkwrite_readonly, lock_to_set, set_access_flags,
    give_up, unlock_set, dirty_set, unlock_page,
    -- a zap
    zap_begins, zap_locks, zap_clears, zap_dirties, zap_removes_rmap, zap_flushes, zap_unlocks, zap_returns,
    -- an fsync
    find, lock_found_page, look_mapped, walk_locks, clear_entry, flush_cleared, set_readonly, walk_unlocks, dirty_cleaned,
    clean, unlock_found_page, write, fsync_returns,

    ended
  };

var
  pte: Entry;              -- of the page, in the page table of all CPUs; a writable one is dirty
  tlb: boolean;            -- the TLB of CPU 0 lets it store to the page
  mapped: boolean;         -- the page looks mapped (rmap)
  dirty: boolean;          -- PG_dirty
  memory: 0..2;            -- what is in the page
  disk: 0..2;              -- what is saved of it
  held: array [Lock] of boolean;

  at: array [Cpu] of Place;
  same: boolean;           -- CPU 0: the entry is still what the fault was about
  found: Entry;            -- CPU 1: the entry, when it was cleared
  cleaned: boolean;        -- CPU 2: the entry was

  turn: Cpu;               -- who has made the last step, or is to make the next
  reorder: boolean;        -- the order of the list is to be looked at before the next step
  suspended: array [Cpu] of boolean;
  operation: array [Cpu] of 0..3;  -- that the CPU is in, or before, by its place in the list
  preemptions: 0..UNLIMITED;

-- --- who runs ---

-- The lock that the CPU's next step takes.
function Wants(cpu: Cpu): Lock;
begin
  switch at[cpu]
    case lock, lock_to_look, lock_to_set, zap_locks, walk_locks: return page_table_lock;
    case lock_page, lock_readonly_page, lock_found_page: return page_lock;
    else return nothing;
  end;
end;

function CanStep(cpu: Cpu): boolean;
begin
  return at[cpu] != ended & (Wants(cpu) = nothing | !held[Wants(cpu)]);
end;

function RankOf(cpu: Cpu): Rank;
begin
  if suspended[cpu] then return 4 + operation[cpu]; end;
  return operation[cpu];
end;

-- Whether the CPU makes the next step if there is no preemption: who has made the last does, unless the order is to be looked at.
function IsUsual(cpu: Cpu): boolean;
begin
  if !reorder & CanStep(turn) then return turn = cpu; end;
  return CanStep(cpu) & forall other: Cpu do CanStep(other) -> RankOf(cpu) <= RankOf(other) end;
end;

function May(cpu: Cpu): boolean;
begin
  return CanStep(cpu) & (IsUsual(cpu) | preemptions < LIMIT);
end;

-- The CPU makes a step, and is before the next one then.
procedure Go(cpu: Cpu; next: Place);
begin
  if !IsUsual(cpu) then
    if LIMIT != UNLIMITED then preemptions := preemptions + 1; end;
    suspended[turn] := at[turn] != ended;
  end;
  suspended[cpu] := false;
  turn := cpu;
  reorder := false;
  at[cpu] := next;
end;

procedure Take(which: Lock);
begin
  held[which] := true;
end;

-- Who waits for the lock and is earlier in the list goes on.
procedure Drop(cpu: Cpu; which: Lock);
begin
  held[which] := false;
  reorder := exists other: Cpu do Wants(other) = which & RankOf(other) < RankOf(cpu) end;
end;

-- The other CPUs are asked, and answer.
procedure Flush();
begin
  tlb := false;
  reorder := true;
end;

-- The last thing that a CPU does.
procedure Finish();
begin
  reorder := true;
  if forall cpu: Cpu do at[cpu] = ended end then
    put "final "; put pte; put dirty; put memory; put disk; put preemptions; put "\n";
  end;
end;

-- --- CPU 0: two stores ---

rule "access" at[0] = access & May(0) ==>
begin
  if !tlb & pte != writable then
    Go(0, look);
  elsif operation[0] = 0 then
    Go(0, access);
    tlb := true;
    memory := 1;
    operation[0] := 3;
    reorder := true;
  else
    Go(0, ended);
    tlb := true;
    memory := 2;
    Finish();
  end;
end;

rule "look" at[0] = look & May(0) ==>
begin
  if pte = none then Go(0, lock_page); else Go(0, lock_to_look); end;
end;

rule "lock page" at[0] = lock_page & May(0) ==>
begin
  Go(0, mkwrite);
  Take(page_lock);
end;

rule "mkwrite" at[0] = mkwrite & May(0) ==>
begin
  Go(0, lock);
  dirty := true;
end;

rule "lock" at[0] = lock & May(0) ==>
begin
  Go(0, add_rmap);
  Take(page_table_lock);
end;

rule "add rmap" at[0] = add_rmap & May(0) ==>
begin
  Go(0, set_entry);
  mapped := true;
end;

rule "set entry" at[0] = set_entry & May(0) ==>
begin
  Go(0, unlock);
  pte := writable;
end;

rule "unlock" at[0] = unlock & May(0) ==>
begin
  Go(0, dirty_again);
  Drop(0, page_table_lock);
end;

rule "dirty again" at[0] = dirty_again & May(0) ==>
begin
  Go(0, unlock_page);
  dirty := true;
end;

rule "lock to look" at[0] = lock_to_look & May(0) ==>
begin
  Go(0, look_again);
  Take(page_table_lock);
end;

rule "look again" at[0] = look_again & May(0) ==>
begin
  Go(0, unlock_to_lock_page);
  same := pte = readonly;
end;

rule "unlock to lock page" at[0] = unlock_to_lock_page & May(0) ==>
begin
  if same then Go(0, lock_readonly_page); else Go(0, access); end;
  Drop(0, page_table_lock);
  same := false;
end;

rule "lock readonly page" at[0] = lock_readonly_page & May(0) ==>
begin
  Go(0, mkwrite_readonly);
  Take(page_lock);
end;

rule "mkwrite readonly" at[0] = mkwrite_readonly & May(0) ==>
begin
  Go(0, lock_to_set);
  dirty := true;
end;

rule "lock to set" at[0] = lock_to_set & May(0) ==>
begin
  Go(0, set_access_flags);
  Take(page_table_lock);
end;

rule "set access flags" at[0] = set_access_flags & May(0) ==>
begin
  if pte = readonly then
    Go(0, unlock_set);
    pte := writable;
  else
    Go(0, give_up);
  end;
end;

rule "give up" at[0] = give_up & May(0) ==>
begin
  Go(0, unlock_page);
  Drop(0, page_table_lock);
end;

rule "unlock set" at[0] = unlock_set & May(0) ==>
begin
  Go(0, dirty_set);
  Drop(0, page_table_lock);
end;

rule "dirty set" at[0] = dirty_set & May(0) ==>
begin
  Go(0, unlock_page);
  dirty := true;
end;

rule "unlock page" at[0] = unlock_page & May(0) ==>
begin
  Go(0, access);
  Drop(0, page_lock);
end;

-- --- CPU 1: a zap ---

-- What comes behind a step that it does of an entry that it has cleared.
function Next(step: Place): Place;
begin
  if found = none then
    switch step
      case zap_clears: return zap_unlocks;
      else return zap_returns;
    end;
  elsif found = readonly then
    switch step
      case zap_clears: return zap_removes_rmap;
      case zap_removes_rmap: return zap_unlocks;
      case zap_unlocks: return zap_flushes;
      else return zap_returns;
    end;
  end;
  switch ORDER
    case EAGER_DIRTY:
      switch step
        case zap_clears: return zap_dirties;
        case zap_dirties: return zap_removes_rmap;
        case zap_removes_rmap: return zap_flushes;
        case zap_flushes: return zap_unlocks;
        else return zap_returns;
      end;
    case DEFERRED_DIRTY:
      switch step
        case zap_clears: return zap_removes_rmap;
        case zap_removes_rmap: return zap_unlocks;
        case zap_unlocks: return zap_flushes;
        case zap_flushes: return zap_dirties;
        else return zap_returns;
      end;
    else
      switch step
        case zap_clears: return zap_dirties;
        case zap_dirties: return zap_flushes;
        case zap_flushes: return zap_removes_rmap;
        case zap_removes_rmap: return zap_unlocks;
        else return zap_returns;
      end;
  end;
end;

rule "zap begins" at[1] = zap_begins & May(1) ==>
begin
  Go(1, zap_locks);
end;

rule "zap locks" at[1] = zap_locks & May(1) ==>
begin
  Go(1, zap_clears);
  Take(page_table_lock);
end;

rule "zap clears" at[1] = zap_clears & May(1) ==>
begin
  found := pte;
  pte := none;
  Go(1, Next(zap_clears));
end;

rule "zap dirties" at[1] = zap_dirties & May(1) ==>
begin
  Go(1, Next(zap_dirties));
  dirty := true;
end;

rule "zap removes rmap" at[1] = zap_removes_rmap & May(1) ==>
begin
  Go(1, Next(zap_removes_rmap));
  mapped := false;
end;

rule "zap flushes" at[1] = zap_flushes & May(1) ==>
begin
  Go(1, Next(zap_flushes));
  Flush();
end;

rule "zap unlocks" at[1] = zap_unlocks & May(1) ==>
begin
  Go(1, Next(zap_unlocks));
  Drop(1, page_table_lock);
end;

rule "zap returns" at[1] = zap_returns & May(1) ==>
begin
  Go(1, ended);
  found := none;
  Finish();
end;

-- --- CPU 2: an fsync ---

rule "find" at[2] = find & May(2) ==>
begin
  if dirty then Go(2, lock_found_page); else Go(2, fsync_returns); end;
end;

rule "lock found page" at[2] = lock_found_page & May(2) ==>
begin
  Go(2, look_mapped);
  Take(page_lock);
end;

rule "look mapped" at[2] = look_mapped & May(2) ==>
begin
  if mapped then Go(2, walk_locks); else Go(2, clean); end;
end;

rule "walk locks" at[2] = walk_locks & May(2) ==>
begin
  Go(2, clear_entry);
  Take(page_table_lock);
end;

rule "clear entry" at[2] = clear_entry & May(2) ==>
begin
  if pte = writable then
    Go(2, flush_cleared);
    pte := none;
  else
    Go(2, walk_unlocks);
  end;
end;

rule "flush cleared" at[2] = flush_cleared & May(2) ==>
begin
  Go(2, set_readonly);
  Flush();
end;

rule "set readonly" at[2] = set_readonly & May(2) ==>
begin
  Go(2, walk_unlocks);
  pte := readonly;
  cleaned := true;
end;

rule "walk unlocks" at[2] = walk_unlocks & May(2) ==>
begin
  if cleaned then Go(2, dirty_cleaned); else Go(2, clean); end;
  Drop(2, page_table_lock);
  cleaned := false;
end;

rule "dirty cleaned" at[2] = dirty_cleaned & May(2) ==>
begin
  Go(2, clean);
  dirty := true;
end;

rule "clean" at[2] = clean & May(2) ==>
begin
  Go(2, unlock_found_page);
  dirty := false;
end;

rule "unlock found page" at[2] = unlock_found_page & May(2) ==>
begin
  Go(2, write);
  Drop(2, page_lock);
end;

rule "write" at[2] = write & May(2) ==>
begin
  Go(2, fsync_returns);
  disk := memory;
end;

rule "fsync returns" at[2] = fsync_returns & May(2) ==>
begin
  Go(2, ended);
  Finish();
end;

startstate
begin
  pte := none;
  tlb := false;
  mapped := false;
  dirty := false;
  memory := 0;
  disk := 0;
  for which: Lock do held[which] := false; end;
  at[0] := access;
  at[1] := zap_begins;
  at[2] := find;
  same := false;
  found := none;
  cleaned := false;
  turn := 0;
  reorder := false;
  for cpu: Cpu do
    suspended[cpu] := false;
    operation[cpu] := cpu;
  end;
  preemptions := 0;
end;

-- Not an invariant, for states that break one are not counted.
cover "a write is lost"
  (forall cpu: Cpu do at[cpu] = ended end) & memory != disk & !dirty & pte != writable;
