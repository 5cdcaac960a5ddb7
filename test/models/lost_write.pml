/*
 * The step table of README.md, for SPIN: two stores, a zap and an fsync of one page.
 *
 * Three CPUs are three processes, and each step is one d_step. Where a CPU branches by what it finds, each branch has a step of its
 * own. MAY() says who may make the next step, and go() is said by whoever makes it: so a process reads as what its CPU does, and
 * the order of the list stands apart from it.
 *
 * ORDER is that in which the zap does its work, LIMIT the most preemptions that a schedule may have; with UNLIMITED they are
 * not counted, and are no part of the state. What is left when all CPUs have ended is printed, for ci/check-models.
 */
#define EAGER_DIRTY 1
#define DEFERRED_DIRTY 2
#define DELAYED_RMAP 3
#define UNLIMITED 99

mtype = { none, readonly, writable };

mtype pte = none;   /* of the page, in the page table of all CPUs; a writable one is dirty */
bool tlb;           /* the TLB of CPU 0 lets it store to the page */
bool mapped;        /* the page looks mapped (rmap) */
bool dirty;         /* PG_dirty */
byte memory, disk;  /* what is in the page, and what is saved of it */

#define NOTHING 0
#define PTL 1
#define PAGE_LOCK 2
bool held[3];       /* a lock is; nothing never is */

/* --- who runs --- */

byte turn;                            /* who has made the last step, or is to make the next */
bool reorder;                         /* the order of the list is to be looked at before the next step */
bool suspended[3];
byte operation[3] = { 0, 1, 2 };      /* that the CPU is in, or before, by its place in the list */
byte wants[3];                        /* the lock that its next step takes */
bool ended[3];
byte preemptions;

#define RANK(cpu) (operation[cpu] + (suspended[cpu] -> 4 : 0))
#define CAN_STEP(cpu) (!ended[cpu] && !held[wants[cpu]])
#define BEFORE(cpu, other) (!CAN_STEP(other) || RANK(cpu) < RANK(other))
#define IN_ORDER(cpu) (BEFORE(cpu, (cpu + 1) % 3) && BEFORE(cpu, (cpu + 2) % 3))
#define USUAL(cpu) (CAN_STEP(cpu) && (reorder || !CAN_STEP(turn) -> IN_ORDER(cpu) : turn == cpu))
#define MAY(cpu) (CAN_STEP(cpu) && (USUAL(cpu) || preemptions < LIMIT))
#define STEP(cpu) MAY(cpu) -> go(cpu)

inline go(cpu) {
  if
  :: USUAL(cpu)
  :: else ->
     preemptions = preemptions + (LIMIT < UNLIMITED -> 1 : 0);
     suspended[turn] = !ended[turn]
  fi;
  suspended[cpu] = false;
  turn = cpu;
  reorder = false
}

inline take(cpu) {
  held[wants[cpu]] = true;
  wants[cpu] = NOTHING
}

#define WAKES(cpu, other, lock) (wants[other] == lock && RANK(other) < RANK(cpu))

/* Who waits for the lock and is earlier in the list goes on. */
inline drop(cpu, lock) {
  held[lock] = false;
  reorder = WAKES(cpu, (cpu + 1) % 3, lock) || WAKES(cpu, (cpu + 2) % 3, lock)
}

/* The other CPUs are asked, and answer. */
inline flush() {
  tlb = false;
  reorder = true
}

inline end(cpu) {
  ended[cpu] = true;
  reorder = true;
  if
  :: ended[0] && ended[1] && ended[2] ->
     printf("final entry %d, dirty %d, memory %d, disk %d: preemptions %d\n",
            (pte == none -> 0 : (pte == readonly -> 1 : 2)), dirty, memory, disk, preemptions);
     assert(memory == disk || dirty || pte == writable)
  :: else
  fi
}

/* --- CPU 0: two stores --- */

bool same;          /* the entry is still what the fault was about */

#define HITS (tlb || pte == writable)

inline end_store() {
  if
  :: memory == 1 -> operation[0] = 3; reorder = true
  :: else -> end(0)
  fi
}

active proctype cpu0() {
end_access:
  if
  :: d_step { MAY(0) && HITS -> go(0); tlb = true; memory++; end_store() };                 /* access */
     goto end_access
  :: d_step { MAY(0) && !HITS -> go(0) }                                                    /* access */
  fi;
  if
  :: d_step { MAY(0) && pte == none -> go(0); wants[0] = PAGE_LOCK };                       /* look */
     d_step { STEP(0); take(0) };                                                           /* lock page */
     d_step { STEP(0); dirty = true; wants[0] = PTL };                                      /* mkwrite */
     d_step { STEP(0); take(0) };                                                           /* lock */
     d_step { STEP(0); mapped = true };                                                     /* add rmap */
     d_step { STEP(0); pte = writable };                                                    /* set entry */
     d_step { STEP(0); drop(0, PTL) };                                                      /* unlock */
     d_step { STEP(0); dirty = true }                                                       /* dirty again */
  :: d_step { MAY(0) && pte != none -> go(0); wants[0] = PTL };                             /* look */
     d_step { STEP(0); take(0) };                                                           /* lock to look */
     d_step { STEP(0); same = (pte == readonly) };                                          /* look again */
     if
     :: d_step { MAY(0) && !same -> go(0); drop(0, PTL) };                                  /* unlock to lock page */
        goto end_access
     :: d_step { MAY(0) && same -> go(0); drop(0, PTL); wants[0] = PAGE_LOCK; same = false } /* unlock to lock page */
     fi;
     d_step { STEP(0); take(0) };                                                           /* lock readonly page */
     d_step { STEP(0); dirty = true; wants[0] = PTL };                                      /* mkwrite readonly */
     d_step { STEP(0); take(0) };                                                           /* lock to set */
     if
     :: d_step { MAY(0) && pte != readonly -> go(0) };                                      /* set access flags */
        d_step { STEP(0); drop(0, PTL) }                                                    /* give up */
     :: d_step { MAY(0) && pte == readonly -> go(0); pte = writable };                      /* set access flags */
        d_step { STEP(0); drop(0, PTL) };                                                   /* unlock set */
        d_step { STEP(0); dirty = true }                                                    /* dirty set */
     fi
  fi;
  d_step { STEP(0); drop(0, PAGE_LOCK) };                                                   /* unlock page */
  goto end_access
}

/* --- CPU 1: a zap --- */

mtype found = none; /* the entry, when it was cleared */

active proctype cpu1() {
  d_step { STEP(1); wants[1] = PTL };                                                       /* zap begins */
  d_step { STEP(1); take(1) };                                                              /* zap locks */
  d_step { STEP(1); found = pte; pte = none };                                              /* zap clears */
  if
#if ORDER == EAGER_DIRTY
  :: d_step { MAY(1) && found == writable -> go(1); dirty = true };                         /* zap dirties */
     d_step { STEP(1); mapped = false };                                                    /* zap removes rmap */
     d_step { STEP(1); flush() };                                                           /* zap flushes */
     d_step { STEP(1); drop(1, PTL) }                                                       /* zap unlocks */
#elif ORDER == DEFERRED_DIRTY
  :: d_step { MAY(1) && found == writable -> go(1); mapped = false };                       /* zap removes rmap */
     d_step { STEP(1); drop(1, PTL) };                                                      /* zap unlocks */
     d_step { STEP(1); flush() };                                                           /* zap flushes */
     d_step { STEP(1); dirty = true }                                                       /* zap dirties */
#else
  :: d_step { MAY(1) && found == writable -> go(1); dirty = true };                         /* zap dirties */
     d_step { STEP(1); flush() };                                                           /* zap flushes */
     d_step { STEP(1); mapped = false };                                                    /* zap removes rmap */
     d_step { STEP(1); drop(1, PTL) }                                                       /* zap unlocks */
#endif
  :: d_step { MAY(1) && found == readonly -> go(1); mapped = false };                       /* zap removes rmap */
     d_step { STEP(1); drop(1, PTL) };                                                      /* zap unlocks */
     d_step { STEP(1); flush() }                                                            /* zap flushes */
  :: d_step { MAY(1) && found == none -> go(1); drop(1, PTL) }                              /* zap unlocks */
  fi;
  d_step { STEP(1); found = none; end(1) };                                                 /* zap returns */
end_zap:
  false
}

/* --- CPU 2: an fsync --- */

bool cleaned;       /* the entry was */

active proctype cpu2() {
  if
  :: d_step { MAY(2) && !dirty -> go(2) }                                                   /* find */
  :: d_step { MAY(2) && dirty -> go(2); wants[2] = PAGE_LOCK };                             /* find */
     d_step { STEP(2); take(2) };                                                           /* lock found page */
     if
     :: d_step { MAY(2) && !mapped -> go(2) }                                               /* look mapped */
     :: d_step { MAY(2) && mapped -> go(2); wants[2] = PTL };                               /* look mapped */
        d_step { STEP(2); take(2) };                                                        /* walk locks */
        if
        :: d_step { MAY(2) && pte != writable -> go(2) }                                    /* clear entry */
        :: d_step { MAY(2) && pte == writable -> go(2); pte = none };                       /* clear entry */
           d_step { STEP(2); flush() };                                                     /* flush cleared */
           d_step { STEP(2); pte = readonly; cleaned = true }                               /* set readonly */
        fi;
        if
        :: d_step { MAY(2) && !cleaned -> go(2); drop(2, PTL) }                             /* walk unlocks */
        :: d_step { MAY(2) && cleaned -> go(2); drop(2, PTL); cleaned = false };            /* walk unlocks */
           d_step { STEP(2); dirty = true }                                                 /* dirty cleaned */
        fi
     fi;
     d_step { STEP(2); dirty = false };                                                     /* clean */
     d_step { STEP(2); drop(2, PAGE_LOCK) };                                                /* unlock found page */
     d_step { STEP(2); disk = memory }                                                      /* write */
  fi;
  d_step { STEP(2); end(2) };                                                               /* fsync returns */
end_fsync:
  false
}
