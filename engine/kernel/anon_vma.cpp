#include "engine/kernel/anon_vma.h"

#include "engine/check.h"
#include "engine/kernel/rmap.h"
#include "engine/kernel/texts.h"
#include "engine/kernel/vma.h"

namespace shootdown {

namespace {

Fact number_of(const Task& current, const AnonVma* anon_vma) {
  return static_cast<Fact>(anon_vma - current.kernel->anon_vmas.begin());
}

AnonVma* root_of(const Task& current, const AnonVma* anon_vma) {
  also_reads(current, places::anon_vma(number_of(current, anon_vma)));
  return anon_vma->root.load(std::memory_order_acquire);
}

AnonVma* anon_vma_of(const Vma& vma) {
  return vma.anon_vma.load(std::memory_order_acquire);
}

// --- making, linking, freeing ---

// anon_vma_alloc.
AnonVma* anon_vma_alloc(Task& current) {
  Kernel& kernel = *current.kernel;
  AnonVma* anon_vma = nullptr;
  act(current, event::AllocateAnonVma{}, [&](event::AllocateAnonVma& found) {
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    anon_vma = kernel.free_anon_vmas;
    if (anon_vma != nullptr) {
      kernel.free_anon_vmas = anon_vma->next_free;
    } else {
      anon_vma = &kernel.anon_vmas[kernel.anon_vmas_used++];
    }
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    found.anon_vma = number_of(current, anon_vma);
  });
  anon_vma->root.store(anon_vma, std::memory_order_release);
  anon_vma->parent = anon_vma;
  anon_vma->num_children = 0;
  anon_vma->num_active_vmas = 0;
  anon_vma->refcount.store(1, std::memory_order_release);
  return anon_vma;
}

// anon_vma_free: when whoever got hold of its lock meanwhile has found out that it is not the one he wants.
void anon_vma_free(Task& current, AnonVma* anon_vma) {
  Kernel& kernel = *current.kernel;
  might_sleep(current, {.reason = event::SleepInAtomic::Reason::other, .lock = {}});
  if (root_of(current, anon_vma)->rwsem.is_locked(current)) {
    anon_vma_lock_write(current, anon_vma);
    anon_vma_unlock_write(current, anon_vma);
  }
  act(current, event::FreeAnonVma{.anon_vma = number_of(current, anon_vma)}, [&] {
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
    anon_vma->lives.add(1, std::memory_order_relaxed);
    anon_vma->next_free = kernel.free_anon_vmas;
    kernel.free_anon_vmas = anon_vma;
    kernel.zone_lock.add(0, std::memory_order_acq_rel);
  });
}

// Drops a reference: true if it was the last.
bool dec_and_test(Task& current, AnonVma* anon_vma) {
  const auto put =
      act(current, event::PutAnonVma{.anon_vma = number_of(current, anon_vma)}, [&](event::PutAnonVma& found) {
        found.refcount = anon_vma->refcount.fetch_sub(1, std::memory_order_acq_rel) - 1;
      });
  return put.refcount == 0;
}

// The caller has a reference already, or knows of another that stays.
void get_anon_vma(Task& current, AnonVma* anon_vma) {
  act(current, event::GetAnonVma{.anon_vma = number_of(current, anon_vma)}, [&](event::GetAnonVma& found) {
    found.refcount = anon_vma->refcount.fetch_add(1, std::memory_order_relaxed) + 1;
  });
}

// The same for who does not: false if there is none any more.
bool try_get_anon_vma(Task& current, AnonVma* anon_vma) {
  const auto get = act(
      current, event::GetAnonVma{.anon_vma = number_of(current, anon_vma)},
      [&](event::GetAnonVma& found) { found.refcount = anon_vma->refcount.inc_not_zero(std::memory_order_acq_rel); });
  return get.refcount > 0;
}

// __put_anon_vma: the last reference has been dropped.
void free_unreferenced(Task& current, AnonVma* anon_vma) {
  AnonVma* const root = root_of(current, anon_vma);
  anon_vma_free(current, anon_vma);
  if (root != anon_vma && dec_and_test(current, root)) anon_vma_free(current, root);
}

// anon_vma_interval_tree_insert and anon_vma_interval_tree_remove. The anon_vma is locked for writing.
void insert_into_tree(AnonVmaChain& link) {
  Shared<AnonVmaChain*>* place = &link.anon_vma->rb_root;
  while (*place != nullptr && (*place)->vma->pgoff <= link.vma->pgoff) place = &(*place)->next;
  link.next = *place;
  *place = &link;
}

void remove_from_tree(AnonVmaChain& link) {
  Shared<AnonVmaChain*>* place = &link.anon_vma->rb_root;
  while (*place != &link) place = &(*place)->next;
  *place = link.next;
}

// anon_vma_chain_link.
void anon_vma_chain_link(Vma& vma, AnonVma* anon_vma) {
  AnonVmaChain& link = vma.anon_vma_chain[vma.chained];
  ++vma.chained;
  link.vma = &vma;
  link.anon_vma = anon_vma;
  insert_into_tree(link);
}

// --- finding one for a mapping ---

// anon_vma_compatible: `b` begins where `a` ends, and they could be one mapping but for what may be done with it.
bool anon_vma_compatible(const Vma& a, const Vma& b) {
  const bool same_file = a.is_anonymous() || a.file == b.file;
  return a.end == b.start && a.kind == b.kind && same_file && b.pgoff == a.pgoff + (b.start - a.start);
}

// reusable_anon_vma: that of `old`, a neighbour, if no fork has had a part in it.
AnonVma* reusable_anon_vma(const Vma& old, const Vma& a, const Vma& b) {
  if (!anon_vma_compatible(a, b)) return nullptr;
  AnonVma* const anon_vma = anon_vma_of(old);
  return anon_vma != nullptr && old.chained == 1 ? anon_vma : nullptr;
}

// find_mergeable_anon_vma: that of a neighbour, so that they can become one mapping again.
AnonVma* find_mergeable_anon_vma(Mm& mm, const Vma& vma) {
  const Vma* const next = find_vma(mm, vma.end);
  AnonVma* const of_next = next == nullptr ? nullptr : reusable_anon_vma(*next, vma, *next);
  if (of_next != nullptr || vma.start == 0) return of_next;
  const Vma* const prev = find_vma(mm, vma.start - 1);
  return prev == &vma ? nullptr : reusable_anon_vma(*prev, *prev, vma);
}

}  // namespace

void anon_vma_prepare(Task& current, Vma& vma) {
  Mm& mm = current.kernel->mms[vma.mm];
  also_reads(current, places::of_mm(Places::Kind::mappings, mm.number));
  if (anon_vma_of(vma) != nullptr) return;

  AnonVma* anon_vma = find_mergeable_anon_vma(mm, vma);
  const bool allocates = anon_vma == nullptr;
  if (allocates) {
    anon_vma = anon_vma_alloc(current);
    ++anon_vma->num_children;
  }
  anon_vma_lock_write(current, anon_vma);
  // page_table_lock keeps out other threads that fault here: what it guards is one step.
  const auto prepare =
      act(current, event::PrepareAnonVma{.mm = vma.mm, .page = vma.start, .anon_vma = number_of(current, anon_vma)},
          [&](event::PrepareAnonVma& found) {
            if (anon_vma_of(vma) != nullptr) return;
            anon_vma_chain_link(vma, anon_vma);
            ++anon_vma->num_active_vmas;
            vma.anon_vma.store(anon_vma, std::memory_order_release);
            found.prepared = 1;
          });
  anon_vma_unlock_write(current, anon_vma);
  if (allocates && prepare.prepared == 0) put_anon_vma(current, anon_vma);
}

void anon_vma_clone(Task& current, Vma& dst, const Vma& src) {
  SHOOTDOWN_CHECK(dst.chained == 0);
  if (src.chained == 0) return;
  AnonVma* const root = root_of(current, src.anon_vma_chain[0].anon_vma);
  anon_vma_lock_write(current, root);
  const bool reuses = anon_vma_of(dst) == nullptr && anon_vma_of(src) != nullptr;
  for (const AnonVmaChain& link : src.anon_vma_chain.first(src.chained)) {
    AnonVma* const anon_vma = link.anon_vma;
    anon_vma_chain_link(dst, anon_vma);
    const bool is_free = anon_vma->num_active_vmas == 0 && anon_vma->num_children < 2;
    if (reuses && is_free && anon_vma_of(dst) == nullptr) dst.anon_vma.store(anon_vma, std::memory_order_relaxed);
  }
  if (AnonVma* const own = anon_vma_of(dst)) ++own->num_active_vmas;
  anon_vma_unlock_write(current, root);
}

void anon_vma_fork(Task& current, Vma& vma, const Vma& pvma) {
  AnonVma* const parent = anon_vma_of(pvma);
  if (parent == nullptr) return;
  vma.anon_vma.store(nullptr, std::memory_order_relaxed);
  anon_vma_clone(current, vma, pvma);
  if (anon_vma_of(vma) != nullptr) return;

  AnonVma* const own = anon_vma_alloc(current);
  ++own->num_active_vmas;
  AnonVma* const root = root_of(current, parent);
  own->root.store(root, std::memory_order_release);
  own->parent = parent;
  get_anon_vma(current, root);
  vma.anon_vma.store(own, std::memory_order_release);
  anon_vma_lock_write(current, own);
  anon_vma_chain_link(vma, own);
  ++parent->num_children;
  anon_vma_unlock_write(current, own);
}

void unlink_anon_vmas(Task& current, Vma& vma) {
  if (vma.chained == 0) return;
  AnonVma* empty[max_mms];
  int count = 0;
  AnonVma* const root = root_of(current, vma.anon_vma_chain[0].anon_vma);
  anon_vma_lock_write(current, root);
  // From the youngest to the root, which goes last.
  for (int i = vma.chained - 1; i >= 0; --i) {
    AnonVmaChain& link = vma.anon_vma_chain[i];
    remove_from_tree(link);
    if (link.anon_vma->rb_root != nullptr) continue;
    --link.anon_vma->parent->num_children;
    empty[count++] = link.anon_vma;
  }
  if (AnonVma* const own = anon_vma_of(vma)) --own->num_active_vmas;
  vma.anon_vma.store(nullptr, std::memory_order_relaxed);
  vma.chained = 0;
  anon_vma_unlock_write(current, root);
  for (int i = 0; i < count; ++i) put_anon_vma(current, empty[i]);
}

void anon_vma_interval_tree_pre_update_vma(Vma& vma) {
  for (AnonVmaChain& link : vma.anon_vma_chain.first(vma.chained)) remove_from_tree(link);
}

void anon_vma_interval_tree_post_update_vma(Vma& vma) {
  for (AnonVmaChain& link : vma.anon_vma_chain.first(vma.chained)) insert_into_tree(link);
}

// --- locks and references ---

void anon_vma_lock_write(Task& current, AnonVma* anon_vma) {
  if (anon_vma != nullptr) root_of(current, anon_vma)->rwsem.down_write(current);
}

void anon_vma_unlock_write(Task& current, AnonVma* anon_vma) {
  if (anon_vma != nullptr) root_of(current, anon_vma)->rwsem.up_write(current);
}

void anon_vma_lock_read(Task& current, AnonVma* anon_vma) {
  root_of(current, anon_vma)->rwsem.down_read(current);
}

void anon_vma_unlock_read(Task& current, AnonVma* anon_vma) {
  root_of(current, anon_vma)->rwsem.up_read(current);
}

void put_anon_vma(Task& current, AnonVma* anon_vma) {
  if (dec_and_test(current, anon_vma)) free_unreferenced(current, anon_vma);
}

AnonVma* page_anon_vma(const Task& current, const Page* page) {
  also_reads(current, places::identity(frame_fact(current, page)));
  return page->anon_vma.load(std::memory_order_acquire);
}

namespace {

// That the page is mapped has been taken for proof that its anon_vma is there. If it is not, that is announced, and it is false.
SHOOTDOWN_HARNESS bool is_alive(const Task& current, const AnonVma* anon_vma, std::uint16_t life) {
  const Unwatched unwatched;
  if (anon_vma->lives.load(std::memory_order_relaxed) == life) return true;
  note(current, event::UseFreed{.how = event::UseFreed::How::touches,
                                .function = text_of(TextFact::Kind::function, "rmap_walk_anon"),
                                .frame = no_fact});
  return false;
}

SHOOTDOWN_HARNESS std::uint16_t life_of_anon_vma(const Page* page) {
  const Unwatched unwatched;
  return page->anon_vma_lives.load(std::memory_order_relaxed);
}

}  // namespace

AnonVma* page_get_anon_vma(Task& current, Page* page) {
  AnonVma* const anon_vma = page_anon_vma(current, page);
  const std::uint16_t life = life_of_anon_vma(page);
  if (anon_vma == nullptr || !page_mapped(current, page) || !try_get_anon_vma(current, anon_vma)) return nullptr;
  if (page_mapped(current, page) && is_alive(current, anon_vma, life)) return anon_vma;
  put_anon_vma(current, anon_vma);
  return nullptr;
}

AnonVma* page_lock_anon_vma_read(Task& current, Page* page, bool* contended) {
  AnonVma* const anon_vma = page_anon_vma(current, page);
  const std::uint16_t life = life_of_anon_vma(page);
  if (anon_vma == nullptr || !page_mapped(current, page)) return nullptr;
  AnonVma* const root = root_of(current, anon_vma);
  if (root->rwsem.down_read_trylock(current)) {
    if (page_mapped(current, page) && is_alive(current, anon_vma, life)) return anon_vma;
    root->rwsem.up_read(current);
    return nullptr;
  }
  if (contended != nullptr) {
    *contended = true;
    return nullptr;
  }
  // A reference keeps it while this waits.
  if (!try_get_anon_vma(current, anon_vma)) return nullptr;
  if (!page_mapped(current, page) || !is_alive(current, anon_vma, life)) {
    put_anon_vma(current, anon_vma);
    return nullptr;
  }
  root_of(current, anon_vma)->rwsem.down_read(current);
  if (!dec_and_test(current, anon_vma)) return anon_vma;
  // It was the last one. put_anon_vma could wait for the lock that is held here.
  anon_vma_unlock_read(current, anon_vma);
  free_unreferenced(current, anon_vma);
  return nullptr;
}

}  // namespace shootdown
