/*
 * Whether a running kernel loses what was stored to a shared file mapping.
 *
 * Rounds of a race: everything is set up, all threads are released at once, they race, and stop.
 * Then nobody stores any more, fsync returns 0, and what the page cache says (pread) is compared with
 * what the disk says (O_DIRECT), and with what is read when the page has been dropped from the page
 * cache (POSIX_FADV_DONTNEED). Each word has one writer, which counts up, so that there is no doubt
 * what was stored last: no race of this program explains that the disk does not have it.
 *
 * An address space of the program below is a process here. A CPU of it is a thread that makes its
 * system calls, in their order, and, if it stores, one that stores in a loop. A page is a row of
 * STRETCH real pages: the first stands for it; the others, dirty and present like it, are there for
 * the time that it takes to unmap them all.
 *
 * "None lost" proves nothing. What is printed at the end says how often the race was as it should be; the last line says
 * it for programs, and on which kernel.
 *
 * Exit status: 0 none lost; 1 lost; 2 bad usage; 3 it could not be tried.
 *
 * gcc -O2 -static -pthread makes a program of it. As the first process of a kernel it takes its
 * options from the kernel's command line (reproduce.seconds=60), makes a disk in memory of /disk.img
 * with /brd.ko, and powers off at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- what the program is written in --- */

/* It need not use all of it. */
#define PROVIDED static __attribute__((unused))

#define MAX_WORDS 4 /* of a page, that one thread stores to */

/* A word of a page of memory that a thread stores to. Where in the page it lies is the thread's own. */
struct word {
	int page;
	int word;
	int races; /* else it is stored to before the race only */
	/* Nothing takes it from its file or moves it: the disk must have what was stored last. Else
	 * the disk must agree with the page cache. */
	int stays;
};

struct thread;
struct role {
	const char *name;
	int mm;
	void (*race)(struct thread *me); /* its system calls; of which so many */
	int zaps;                        /* change mappings, */
	int syncs;                       /* shall come while that is under way; */
	const struct word *words;        /* or what it stores to until those have returned */
	int word_count;
};

/* Before the race: who is to do what, in which order. */
#define TURN(number, role, action)              \
	do {                                    \
		await_turn(number);             \
		if (is(me, role)) {             \
			action;                 \
			end_turn();             \
		}                               \
	} while (0)

/* A system call that changes mappings; one that shall come meanwhile. --without leaves them out. */
#define ZAP(call)                                           \
	do {                                                \
		if (zap_begins(me))                         \
			zap_ends(me, (long)(call), #call);  \
	} while (0)
#define SYNC(call)                                          \
	do {                                                \
		if (sync_begins(me))                        \
			sync_ends(me, (long)(call), #call); \
	} while (0)
#define CALL(call) note_result(me, (long)(call), #call)

PROVIDED int is(const struct thread *me, int role);
PROVIDED void await_turn(int number);
PROVIDED void end_turn(void);
PROVIDED int zap_begins(struct thread *me);
PROVIDED void zap_ends(struct thread *me, long result, const char *call);
PROVIDED int sync_begins(struct thread *me);
PROVIDED void sync_ends(struct thread *me, long result, const char *call);
PROVIDED void note_result(struct thread *me, long result, const char *call);

/* Memory: where a page begins, and the length of pages with all their real ones. */
PROVIDED char *page(int number);
PROVIDED size_t pages(int count);
/* Files: the same; and the length from the first to the last of the real pages that stand for pages. */
PROVIDED int file(int number);
PROVIDED off_t at(int index);
PROVIDED off_t all_of(int count);
PROVIDED off_t firsts_of(int count);

/* What cleans pages. */
#define SYNC_AND_WAIT \
	(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER)

/* Maps what belongs there, in place of what is there. */
PROVIDED long map_anew(int first, int count, int flags);
PROVIDED long leave_memory(void);

/* Accesses. Where a page cannot be accessed, nothing is done. */
PROVIDED void fill(struct thread *me, int first, int count); /* real pages that stand for no page */
PROVIDED void store(struct thread *me, int page_number, int word);
PROVIDED long load(struct thread *me, int page_number, int word);
PROVIDED long read_page(int number, int index);
PROVIDED long write_page(struct thread *me, int number, int index);
PROVIDED long write_pinned(struct thread *me, int page_number);
PROVIDED long write_directly(int number, int index, int count);
PROVIDED long drop(int number, off_t from, off_t length);
/* Empties all CPUs' batches of pages that are on their way to the LRU lists. */
PROVIDED long drain_lru(void);

/* --- the program --- */

#include "program.inc"

#define ROLES ((int)(sizeof(roles) / sizeof(roles[0])))
/* Windows begin where page tables do. */
#define WINDOW_SPACE (((size_t)PAGES * STRETCH + 511) / 512 * 512 * 4096)
#define FILE_SIZE ((off_t)PAGES * STRETCH * 4096)

/* --- what all processes share --- */

struct thread {
	const struct role *role;
	int number;
	int leads; /* the first one of its process, which does what is done once for it */
	uint64_t random;
	/* Of this round, in ns: the race, from the first call of a kind to the end of the last. */
	uint64_t start, zap_begin, zap_end, sync_begin, sync_end, last_store;
	int seen_unmapped; /* before the sync */
	int left_unmapped; /* when all had stopped: the last store to the first word has not faulted */
	uint64_t last[MOST_WORDS]; /* what was stored last to each word; 0: nothing yet */
	uint64_t counter;
	uint64_t failures;
	int first_error;
	const char *failed_call;
};

static struct shared {
	uint32_t arrived, meetings; /* of all threads and their parent */
	uint32_t turn;
	uint32_t storing; /* threads that have begun to */
	uint32_t syncing; /* threads that have not made their syncs yet */
	uint32_t zapping; /* the same of zaps */
	uint32_t over;
	uint64_t usual_zap; /* how long the zap takes, in ns: about the median */
	pid_t pids[MMS];
	struct thread threads[ROLES];
} *shared;

static struct {
	double seconds;
	unsigned long rounds;
	const char *path;
	int without_zap, without_sync;
	int aim_at_unmapped;
	int cpus;
	uint64_t seed;
} options = {.seconds = 60, .path = "reproduce.file", .aim_at_unmapped = AIM_AT_UNMAPPED, .seed = 1};

static int files[FILES], direct_files[FILES], drain_file; /* -1: there is none */
static char *windows;
static int writers, syncers, zappers; /* how many roles have something of that kind in the race */
static int usable[CPU_SETSIZE];       /* CPUs; options.cpus of them */
static __thread sigjmp_buf *volatile landing; /* where to go on when an access faults */

static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void finish(int status) __attribute__((noreturn));
static void finish(int status)
{
	fflush(NULL);
	if (getpid() == 1) {
		printf("exit status %d\n", status);
		fflush(NULL);
		reboot(RB_POWER_OFF);
	}
	_exit(status);
}

/* It could not be tried. */
static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("reproduce: ", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	finish(3);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint32_t get(const uint32_t *place)
{
	return __atomic_load_n(place, __ATOMIC_ACQUIRE);
}

static void put(uint32_t *place, uint32_t value)
{
	__atomic_store_n(place, value, __ATOMIC_RELEASE);
}

static void relax(void)
{
	static __thread unsigned spins;

	/* There may be more threads than CPUs. */
	if (options.cpus <= ROLES && ++spins % 64 == 0)
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Sleeps until it is another value. */
static void sleep_at(uint32_t *place, uint32_t value)
{
	syscall(SYS_futex, place, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void put_and_wake(uint32_t *place, uint32_t value)
{
	put(place, value);
	syscall(SYS_futex, place, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* Waits until all threads are here. Sleeps meanwhile, so as not to be in the way of who works. */
static void meet(void)
{
	uint32_t meeting = get(&shared->meetings);

	if (__atomic_add_fetch(&shared->arrived, 1, __ATOMIC_ACQ_REL) == ROLES + 1) {
		put(&shared->arrived, 0);
		put_and_wake(&shared->meetings, meeting + 1);
		return;
	}
	while (get(&shared->meetings) == meeting)
		sleep_at(&shared->meetings, meeting);
}

/* The same for threads, which go on at the same moment. */
static void start_together(void)
{
	__atomic_add_fetch(&shared->turn, 1, __ATOMIC_ACQ_REL);
	while (get(&shared->turn) < (uint32_t)(TURNS + ROLES))
		relax();
}

/* --- memory, files, accesses --- */

PROVIDED char *page(int number)
{
	return windows + (size_t)(number / PAGES) * WINDOW_SPACE +
	       (size_t)(number % PAGES) * STRETCH * 4096;
}

PROVIDED size_t pages(int count)
{
	return (size_t)count * STRETCH * 4096;
}

PROVIDED int file(int number)
{
	return files[number];
}

PROVIDED off_t at(int index)
{
	return (off_t)index * STRETCH * 4096;
}

PROVIDED off_t all_of(int count)
{
	return at(count);
}

PROVIDED off_t firsts_of(int count)
{
	return at(count - 1) + 4096;
}

PROVIDED long map_anew(int first, int count, int flags)
{
	return (long)mmap(page(first), pages(count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | flags,
			  files[first / PAGES % FILES], at(first % PAGES));
}

/* Where in a page a thread has its words; at the end of the page is room for direct writes. */
static size_t place_in_page(const struct thread *me, int page_number, int word)
{
	int window = page_number / PAGES;

	return (size_t)(((me->number * WINDOWS) + window) * MAX_WORDS + word) * sizeof(uint64_t);
}

static uint64_t *word_at(const struct thread *me, int page_number, int word)
{
	return (uint64_t *)(page(page_number) + place_in_page(me, page_number, word));
}

static void land(int signal)
{
	if (!landing) {
		static const char message[] = "reproduce: fault where none was expected\n";
		long ignored = write(STDERR_FILENO, message, sizeof(message) - 1);

		(void)ignored;
		_exit(3);
	}
	(void)signal;
	siglongjmp(*landing, 1);
}

/* Whether it did not fault. */
static int store_value(uint64_t *place, uint64_t value)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 0)) {
		landing = NULL;
		return 0;
	}
	landing = &here;
	*(volatile uint64_t *)place = value;
	landing = NULL;
	return 1;
}

/* By its number among the thread's words. */
static void store_next(struct thread *me, int i)
{
	const struct word *word = &me->role->words[i];

	if (store_value(word_at(me, word->page, word->word), me->counter + 1))
		me->last[i] = ++me->counter;
}

PROVIDED void store(struct thread *me, int page_number, int word)
{
	for (int i = 0; i < me->role->word_count; ++i) {
		if (me->role->words[i].page == page_number && me->role->words[i].word == word)
			store_next(me, i);
	}
}

PROVIDED long load(struct thread *me, int page_number, int word)
{
	sigjmp_buf here;

	if (!sigsetjmp(here, 0)) {
		landing = &here;
		(void)*(volatile uint64_t *)word_at(me, page_number, word);
	}
	landing = NULL;
	return 0;
}

PROVIDED void fill(struct thread *me, int first, int count)
{
	for (int i = 0; i < count; ++i) {
		for (size_t real = 1; real < STRETCH; ++real)
			store_value((uint64_t *)(page(first + i) + real * 4096), ++me->counter);
	}
}

PROVIDED long read_page(int number, int index)
{
	char content[4096];

	return pread(files[number], content, sizeof(content), at(index));
}

/* The words of this thread, which stores to none. */
static void next_content(struct thread *me, uint64_t content[MAX_WORDS])
{
	for (int i = 0; i < MAX_WORDS; ++i)
		content[i] = ++me->counter;
}

PROVIDED long write_page(struct thread *me, int number, int index)
{
	uint64_t content[MAX_WORDS];

	next_content(me, content);
	return pwrite(files[number], content, sizeof(content),
		      at(index) + (off_t)place_in_page(me, 0, 0));
}

/* The same words, by a call that pins the page for writing (pin_user_pages_remote, which takes the mmap_lock), and dirties it
 * when it unpins it. */
PROVIDED long write_pinned(struct thread *me, int page_number)
{
	uint64_t content[MAX_WORDS];
	struct iovec local = {content, sizeof(content)};
	struct iovec remote = {word_at(me, page_number, 0), sizeof(content)};

	next_content(me, content);
	return process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
}

/* The ends of pages, where no words are. */
PROVIDED long write_directly(int number, int index, int count)
{
	static const char content[512] __attribute__((aligned(512)));

	for (int i = index; i < index + count; ++i) {
		if (pwrite(direct_files[number], content, sizeof(content), at(i) + 4096 - 512) < 0)
			return -1;
	}
	return 0;
}

PROVIDED long drop(int number, off_t from, off_t length)
{
	errno = posix_fadvise(files[number], from, length, POSIX_FADV_DONTNEED);
	return errno ? -1 : 0;
}

PROVIDED long leave_memory(void)
{
	return munmap(windows, WINDOWS * WINDOW_SPACE);
}

/* By a page that cannot be dropped since it is mapped: POSIX_FADV_DONTNEED takes it to be in a batch. */
PROVIDED long drain_lru(void)
{
	char *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, drain_file, 0);

	if (mapped == MAP_FAILED)
		return -1;
	(void)*(volatile char *)mapped;
	errno = posix_fadvise(drain_file, 0, 4096, POSIX_FADV_DONTNEED);
	munmap(mapped, 4096);
	return errno ? -1 : 0;
}

/* --- a thread --- */

static int is(const struct thread *me, int role)
{
	return me->number == role;
}

static void await_turn(int number)
{
	uint32_t turn;

	while ((turn = get(&shared->turn)) < (uint32_t)number)
		sleep_at(&shared->turn, turn);
}

static void end_turn(void)
{
	put_and_wake(&shared->turn, get(&shared->turn) + 1);
}

static void note_result(struct thread *me, long result, const char *call)
{
	if (result != -1)
		return;
	if (me->failures++ == 0) {
		me->first_error = errno;
		me->failed_call = call;
	}
}

static int zap_begins(struct thread *me)
{
	if (options.without_zap)
		return 0;
	if (me->zap_begin == 0)
		me->zap_begin = now();
	return 1;
}

static void zap_ends(struct thread *me, long result, const char *call)
{
	me->zap_end = now();
	note_result(me, result, call);
}

/* Whether the page tables of an address space have a page for the first word that is stored to. */
static int is_present(int pagemap, const struct thread *writer)
{
	const uint64_t present = 1ull << 63;
	uintptr_t address = (uintptr_t)page(writer->role->words[0].page);
	uint64_t entry = present;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)(address / 4096 * sizeof(entry))) != sizeof(entry))
		return 1;
	return (entry & present) != 0;
}

static int pagemap_of(int mm)
{
	char path[64];
	int pagemap;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)shared->pids[mm]);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		fail("%s: %s", path, strerror(errno));
	return pagemap;
}

static struct thread *first_writer(void)
{
	for (int i = 0; i < ROLES; ++i) {
		if (roles[i].word_count)
			return &shared->threads[i];
	}
	return NULL;
}

/* Waits until a page is seen to be unmapped, or the zaps are over. */
static void await_unmapping(struct thread *me)
{
	static __thread int pagemap = -1;
	const struct thread *writer = first_writer();

	if (!writer)
		return;
	if (pagemap < 0)
		pagemap = pagemap_of(writer->role->mm);
	while (get(&shared->zapping) && !me->seen_unmapped)
		me->seen_unmapped = !is_present(pagemap, writer);
}

/* The first one comes at a moment when the zaps should be under way. */
static int sync_begins(struct thread *me)
{
	if (me->sync_begin == 0) {
		/* Who zaps itself would wait for itself. */
		if (options.aim_at_unmapped && !me->role->zaps) {
			await_unmapping(me);
		} else {
			uint64_t moment = me->start + next_random(&me->random) % (shared->usual_zap + 1);

			while (now() < moment)
				;
		}
		me->sync_begin = now();
	}
	return !options.without_sync;
}

static void sync_ends(struct thread *me, long result, const char *call)
{
	me->sync_end = now();
	note_result(me, result, call);
}

/* Threads without syncs go on until others have made theirs; if nobody has any, until zaps are done. */
static int others_race(void)
{
	return get(syncers ? &shared->syncing : &shared->zapping) != 0;
}

static int has_racing_words(const struct role *role)
{
	for (int i = 0; i < role->word_count; ++i) {
		if (role->words[i].races)
			return 1;
	}
	return 0;
}

static void store_in_a_loop(struct thread *me)
{
	int going_on = 1, first = 1;

	/* Asked before the stores: there are some when the last sync has returned. */
	while (going_on) {
		going_on = others_race();
		for (int i = 0; i < me->role->word_count; ++i) {
			if (me->role->words[i].races)
				store_next(me, i);
		}
		if (first)
			__atomic_add_fetch(&shared->storing, 1, __ATOMIC_ACQ_REL);
		first = 0;
	}
	me->last_store = now();
}

static void race(struct thread *me)
{
	if (has_racing_words(me->role))
		store_in_a_loop(me);
	if (!me->role->race)
		return;
	/* Translations are in the TLBs of those who store. */
	while (get(&shared->storing) < (uint32_t)writers)
		relax();
	me->start = now();
	me->role->race(me);
	if (me->role->syncs)
		__atomic_sub_fetch(&shared->syncing, 1, __ATOMIC_ACQ_REL);
	if (me->role->zaps)
		__atomic_sub_fetch(&shared->zapping, 1, __ATOMIC_ACQ_REL);
}

/* Maps the windows anew, or nothing where the program begins so. */
static void map_windows(void)
{
	const size_t length = pages(PAGES);

	for (int i = 0; i < WINDOWS; ++i) {
		char *window = windows + (size_t)i * WINDOW_SPACE;
		void *mapped = MAPPED ? mmap(window, length, PROT_READ | PROT_WRITE,
					     MAP_SHARED | MAP_FIXED, files[i % FILES], 0)
				      : mmap(window, length, PROT_NONE,
					     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

		if (mapped == MAP_FAILED)
			fail("a window cannot be mapped: %s", strerror(errno));
	}
}

static void unmap_windows(void)
{
	if (mmap(windows, WINDOWS * WINDOW_SPACE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		fail("the windows cannot be unmapped: %s", strerror(errno));
}

static void begin_round(struct thread *me)
{
	me->start = me->zap_begin = me->zap_end = me->sync_begin = me->sync_end = me->last_store = 0;
	me->seen_unmapped = me->left_unmapped = 0;
	if (RESTORE)
		memset(me->last, 0, sizeof(me->last));
	if (me->leads)
		map_windows();
}

static void take_part(struct thread *me, int pagemap)
{
	begin_round(me);
	meet();
	set_up(me);
	meet();
	start_together();
	race(me);
	meet(); /* all have stopped */
	if (me->role->word_count)
		me->left_unmapped = !is_present(pagemap, me);
	meet(); /* disk and page cache are compared */
	meet();
	if (me->leads)
		unmap_windows();
	meet(); /* pages are dropped, and read again */
}

static void pin(int number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(usable[number % options.cpus], &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		fail("a thread cannot be pinned: %s", strerror(errno));
}

static void *run_thread(void *argument)
{
	struct thread *me = argument;
	int pagemap;

	pin(me->number);
	pagemap = pagemap_of(me->role->mm);
	for (;;) {
		meet();
		if (get(&shared->over))
			return NULL;
		take_part(me, pagemap);
	}
}

/* --- a process --- */

static void run_process(int mm)
{
	pthread_t handles[ROLES];
	struct sigaction action = {.sa_handler = land, .sa_flags = SA_NODEFER};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	shared->pids[mm] = getpid();
	for (int i = 0; i < ROLES; ++i) {
		if (roles[i].mm == mm && pthread_create(&handles[i], NULL, run_thread, &shared->threads[i]))
			fail("a thread cannot be created");
	}
	for (int i = 0; i < ROLES; ++i) {
		if (roles[i].mm == mm)
			pthread_join(handles[i], NULL);
	}
	_exit(0);
}

static void child_ended(int signal)
{
	(void)signal;
	if (get(&shared->over))
		return;
	fail("one of its processes has ended");
}

static void start_processes(void)
{
	int led[MMS] = {0};

	signal(SIGCHLD, child_ended);
	for (int i = 0; i < ROLES; ++i) {
		struct thread *thread = &shared->threads[i];

		*thread = (struct thread){.role = &roles[i], .number = i, .leads = !led[roles[i].mm]++};
		thread->random = options.seed * 0x9e3779b97f4a7c15 + (uint64_t)i + 1;
	}
	for (int mm = 0; mm < MMS; ++mm) {
		pid_t pid = led[mm] ? fork() : -2;

		if (pid == -1)
			fail("no process can be made: %s", strerror(errno));
		if (pid == 0)
			run_process(mm);
	}
}

/* --- the file --- */

/* Writes it whole, so that all of its blocks are there. */
static void write_file(int number)
{
	static char content[4096];

	for (off_t offset = 0; offset < FILE_SIZE; offset += (off_t)sizeof(content)) {
		if (pwrite(files[number], content, sizeof(content), offset) != sizeof(content))
			fail("%s cannot be written: %s", options.path, strerror(errno));
	}
	if (ftruncate(files[number], FILE_SIZE) != 0 || fsync(files[number]) != 0)
		fail("%s cannot be written: %s", options.path, strerror(errno));
}

/* What is open needs no name. */
static int open_file(const char *suffix, int number, int *direct)
{
	char path[4096];
	int opened;

	snprintf(path, sizeof(path), "%s.%s%d", options.path, suffix, number);
	opened = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (opened < 0)
		fail("%s: %s", path, strerror(errno));
	if (direct)
		*direct = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	unlink(path);
	return opened;
}

static void open_files(void)
{
	for (int i = 0; i < FILES; ++i) {
		files[i] = open_file("", i, &direct_files[i]);
		write_file(i);
	}
	drain_file = open_file("drain", 0, NULL);
	if (ftruncate(drain_file, 4096) != 0)
		fail("%s cannot be written: %s", options.path, strerror(errno));
	if (direct_files[0] < 0)
		printf("no O_DIRECT here: the disk is not looked at, only what is read after dropping pages\n");
}

/* --- comparing --- */

struct page_content {
	uint64_t words[4096 / sizeof(uint64_t)];
} __attribute__((aligned(4096)));

/* Of all pages: by the page cache, on the disk, and read after the page was dropped. */
static struct page_content cached[FILES][PAGES], on_disk[FILES][PAGES], reread[FILES][PAGES];

static void read_first_pages(const int *from, struct page_content (*into)[PAGES])
{
	for (int i = 0; i < FILES; ++i) {
		for (int k = 0; k < PAGES; ++k) {
			/* What is behind the end of a file reads as zeros. */
			memset(&into[i][k], 0, sizeof(into[i][k]));
			if (pread(from[i], &into[i][k], sizeof(into[i][k]), at(k)) < 0)
				fail("%s cannot be read: %s", options.path, strerror(errno));
		}
	}
}

/* Whether that was possible. It says no if a direct write has met a page that is in use. */
static int sync_files(void)
{
	int synced = 1;

	for (int i = 0; i < FILES; ++i)
		synced &= fsync(files[i]) == 0;
	return synced;
}

static void drop_pages(void)
{
	for (int i = 0; i < FILES; ++i) {
		for (int k = 0; k < PAGES; ++k)
			posix_fadvise(files[i], at(k), 4096, POSIX_FADV_DONTNEED);
	}
}

/* --- what was seen --- */

static struct {
	unsigned long rounds, unsynced, lost, sync_in_zap, store_in_zap, left_unmapped, seen_unmapped, stale;
	uint64_t zap_time, sync_time;
} seen;

/* From the first to the last of all threads; 0: nothing of that kind. */
struct span {
	uint64_t begin, end;
};

static void widen(struct span *span, uint64_t begin, uint64_t end)
{
	if (end == 0)
		return;
	if (span->begin == 0 || begin < span->begin)
		span->begin = begin;
	if (end > span->end)
		span->end = end;
}

static int is_in(uint64_t moment, struct span span)
{
	return span.begin <= moment && moment < span.end;
}

static struct span zap, sync_span;
static uint64_t last_store; /* of the first writer */

/* Brings it nearer to the median. The mean would go by the few that were held up. */
static void adapt(uint64_t time)
{
	uint64_t usual = shared->usual_zap;

	if (seen.rounds <= 8)
		shared->usual_zap = usual && usual < time ? usual : time;
	else
		shared->usual_zap = time > usual ? usual + usual / 16 : usual - usual / 16;
}

static void note_round(void)
{
	const struct thread *writer = first_writer();
	int unmapped_before_sync = 0;

	zap = sync_span = (struct span){0, 0};
	for (int i = 0; i < ROLES; ++i) {
		const struct thread *thread = &shared->threads[i];

		widen(&zap, thread->zap_begin, thread->zap_end);
		widen(&sync_span, thread->sync_begin, thread->sync_end);
		unmapped_before_sync |= thread->seen_unmapped;
	}
	last_store = writer->last_store;
	++seen.rounds;
	seen.sync_in_zap += sync_span.end != 0 && is_in(sync_span.begin, zap);
	seen.store_in_zap += is_in(last_store, zap);
	seen.left_unmapped += writer->left_unmapped != 0;
	seen.seen_unmapped += unmapped_before_sync != 0;
	seen.stale += unmapped_before_sync && writer->left_unmapped;
	seen.zap_time += zap.end - zap.begin;
	seen.sync_time += sync_span.end - sync_span.begin;
	adapt(zap.end - zap.begin);
}

static double in_us(uint64_t moment)
{
	int zap_is_first = zap.begin && (!sync_span.begin || zap.begin < sync_span.begin);
	uint64_t start = zap_is_first ? zap.begin : sync_span.begin;

	return ((double)moment - (double)start) / 1000;
}

static void print_loss(const char *where, uint64_t stored, uint64_t in_cache, uint64_t disk, uint64_t again)
{
	if (seen.lost >= 10)
		return;
	printf("LOST in round %lu: %s: stored %llu; page cache %llu, disk %llu, after dropping the page %llu\n",
	       seen.rounds, where, (unsigned long long)stored, (unsigned long long)in_cache,
	       (unsigned long long)disk, (unsigned long long)again);
	printf("  in us: zap from %.0f to %.0f, sync from %.0f to %.0f, last store before %.0f\n",
	       in_us(zap.begin), in_us(zap.end), in_us(sync_span.begin), in_us(sync_span.end),
	       in_us(last_store));
}

/* Whether a word was lost: what was stored last to it, if that is to be found, and where it is. */
static int compare_word(const struct thread *thread, int i)
{
	const struct word *word = &thread->role->words[i];
	size_t place = place_in_page(thread, word->page, word->word) / sizeof(uint64_t);
	int number = word->page / PAGES % FILES, index = word->page % PAGES;
	uint64_t in_cache = cached[number][index].words[place], again = reread[number][index].words[place];
	uint64_t disk = direct_files[number] < 0 ? again : on_disk[number][index].words[place];
	uint64_t stored = word->stays && thread->last[i] ? thread->last[i] : in_cache;
	char where[128];

	if (in_cache == disk && again == disk && stored == disk)
		return 0;
	snprintf(where, sizeof(where), "%s, page %d word %d", thread->role->name, word->page, word->word);
	print_loss(where, thread->last[i], in_cache, disk, again);
	return 1;
}

static void compare(void)
{
	int lost = 0;

	for (int i = 0; i < ROLES; ++i) {
		for (int k = 0; k < roles[i].word_count; ++k)
			lost |= compare_word(&shared->threads[i], k);
	}
	seen.lost += (unsigned long)lost;
}

/* --- rounds --- */

static void run_round(void)
{
	int synced;

	for (int i = 0; RESTORE && i < FILES; ++i)
		write_file(i);
	put(&shared->turn, 0);
	put(&shared->storing, 0);
	put(&shared->syncing, (uint32_t)syncers);
	put(&shared->zapping, (uint32_t)zappers);
	meet(); /* the round begins */
	meet(); /* windows are mapped; the set-up begins */
	meet(); /* the race begins */
	meet(); /* all have stopped */
	meet();
	note_round();
	synced = sync_files();
	seen.unsynced += !synced;
	read_first_pages(files, cached);
	if (direct_files[0] >= 0)
		read_first_pages(direct_files, on_disk);
	meet();
	meet(); /* nothing is mapped any more */
	drop_pages();
	read_first_pages(files, reread);
	if (synced)
		compare();
}

static void print_progress(uint64_t begin)
{
	static uint64_t last;
	uint64_t time = now();

	if (last == 0)
		last = begin;
	if (time - last < 10000000000)
		return;
	last = time;
	printf("%4.0f s: %lu rounds, %lu lost\n", (double)(time - begin) / 1e9, seen.rounds, seen.lost);
	fflush(stdout);
}

/* Returns how many seconds it took. */
static double run_rounds(void)
{
	uint64_t begin = now();
	double seconds;

	while (options.rounds ? seen.rounds < options.rounds : (double)(now() - begin) / 1e9 < options.seconds) {
		run_round();
		print_progress(begin);
	}
	put(&shared->over, 1);
	meet();
	seconds = (double)(now() - begin) / 1e9;
	printf("%.0f s, %d threads and their parent on %d CPUs%s%s\n", seconds, ROLES, options.cpus,
	       options.without_zap ? ", WITHOUT ZAP" : "", options.without_sync ? ", WITHOUT SYNC" : "");
	return seconds;
}

static void print_failures(void)
{
	for (int i = 0; i < ROLES; ++i) {
		const struct thread *thread = &shared->threads[i];

		if (thread->failures)
			printf("%s: %llu calls failed, at first %s: %s\n", roles[i].name,
			       (unsigned long long)thread->failures, thread->failed_call,
			       strerror(thread->first_error));
	}
}

static void print_table(void)
{
	const double rounds = seen.rounds ? (double)seen.rounds : 1;

	printf("rounds                                                       %8lu\n", seen.rounds);
	printf("  the sync began while the zap was under way                 %8lu\n", seen.sync_in_zap);
	printf("  the last store was made while the zap was under way        %8lu\n", seen.store_in_zap);
	printf("  the page was left unmapped: the last store did not fault   %8lu\n", seen.left_unmapped);
	if (options.aim_at_unmapped) {
		printf("  the page was seen to be unmapped before the sync           %8lu\n", seen.seen_unmapped);
		printf("  both: the last store was by a stale translation            %8lu\n", seen.stale);
	}
	printf("the zap took on average, in us                               %8.0f\n",
	       (double)seen.zap_time / rounds / 1000);
	printf("the sync took on average, in us                              %8.0f\n",
	       (double)seen.sync_time / rounds / 1000);
	print_failures();
	if (seen.unsynced)
		printf("fsync failed in so many rounds, which show nothing           %8lu\n", seen.unsynced);
	printf("LOST in so many rounds                                       %8lu\n", seen.lost);
}

/* --- the same in one line of JSON --- */

/* Without what would end a string there. */
static char *plain(char *text)
{
	for (char *at = text; *at; ++at) {
		if (*at == '"' || *at == '\\' || *at < ' ')
			*at = ' ';
	}
	return text;
}

/* What stands behind the first PREFIX of a line of a file in /proc, if any does; else "unknown". `into` has room for 128. */
static char *find_line(const char *path, const char *prefix, char *into)
{
	FILE *file = fopen(path, "r");
	char line[4096];

	strcpy(into, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *found = strstr(line, prefix);

		if (!found)
			continue;
		found += strlen(prefix);
		found[strcspn(found, "\n")] = 0;
		snprintf(into, 128, "%s", found);
		break;
	}
	if (file)
		fclose(file);
	return plain(into);
}

static char *cpu_model(char *into)
{
	return find_line("/proc/cpuinfo", "model name\t: ", into);
}

/* In mountinfo: " MAJOR:MINOR ... - TYPE ...". */
static char *filesystem_of(int opened, char *into)
{
	struct stat found;
	char device[64], rest[128], *type;

	strcpy(into, "unknown");
	if (fstat(opened, &found) != 0)
		return into;
	snprintf(device, sizeof(device), " %u:%u ", major(found.st_dev), minor(found.st_dev));
	find_line("/proc/self/mountinfo", device, rest);
	type = strstr(rest, " - ");
	if (type)
		snprintf(into, 128, "%.*s", (int)strcspn(type + 3, " "), type + 3);
	return plain(into);
}

static void print_result(double seconds)
{
	char cpu[128], filesystem[128];
	struct utsname name;

	if (uname(&name) != 0)
		fail("uname: %s", strerror(errno));
	printf("{\"program\": \"%s\", \"kernel\": \"%s\", \"version\": \"%s\", \"cpu\": \"%s\", \"cpus\": %d, ", PROGRAM_NAME,
	       plain(name.release), plain(name.version), cpu_model(cpu), options.cpus);
	printf("\"filesystem\": \"%s\", \"without\": \"%s\", \"seconds\": %.0f, \"rounds\": %lu, \"unmapped\": %lu, ",
	       filesystem_of(files[0], filesystem),
	       options.without_zap && options.without_sync ? "zap and sync" :
	       options.without_zap			   ? "zap" :
	       options.without_sync			   ? "sync" :
							     "",
	       seconds, seen.rounds, seen.left_unmapped);
	printf("\"stale\": %lu, \"lost\": %lu}\n", seen.stale, seen.lost);
}

/* --- options --- */

static const char help[] =
	"Usage: reproduce [OPTION...]\n"
	"  --seconds N            how long (60)\n"
	"  --rounds N             so many rounds instead\n"
	"  --file PATH            what the names of its files begin with; where the filesystem is that is to be\n"
	"                         tried (reproduce.file). O_DIRECT should work there.\n"
	"  --without zap|sync     a control: leaves such calls out\n"
	"  --aim random|unmapped  when the sync comes: at a random moment of the zap, or as soon as the page is seen\n"
	"                         to be unmapped\n"
	"  --cpus N               uses so many of the CPUs that it may use\n"
	"  --seed N               of the random moments (1)\n"
	"As the first process of a kernel it takes them from the kernel's command line: reproduce.seconds=60\n";

static void bad_usage(const char *what, const char *value)
{
	fprintf(stderr, "reproduce: %s '%s'; see --help\n", what, value);
	finish(2);
}

static unsigned long number_from(const char *value, unsigned long limit)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || number < 1 || number > limit)
		bad_usage("expected a number from 1 on, found", value);
	return number;
}

static void take_option(const char *name, const char *value)
{
	if (!strcmp(name, "seconds"))
		options.seconds = (double)number_from(value, 1000000000);
	else if (!strcmp(name, "rounds"))
		options.rounds = number_from(value, 1000000000);
	else if (!strcmp(name, "file"))
		options.path = value;
	else if (!strcmp(name, "without") && !strcmp(value, "zap"))
		options.without_zap = 1;
	else if (!strcmp(name, "without") && !strcmp(value, "sync"))
		options.without_sync = 1;
	else if (!strcmp(name, "aim") && (!strcmp(value, "random") || !strcmp(value, "unmapped")))
		options.aim_at_unmapped = *value == 'u';
	else if (!strcmp(name, "cpus"))
		options.cpus = (int)number_from(value, CPU_SETSIZE);
	else if (!strcmp(name, "seed"))
		options.seed = number_from(value, 1000000000);
	else if (!strcmp(name, "without") || !strcmp(name, "aim"))
		bad_usage(*name == 'w' ? "--without: expected zap or sync, found" :
					 "--aim: expected random or unmapped, found", value);
	else
		bad_usage("no such option:", name);
}

static void take_arguments(char **arguments)
{
	for (char **argument = arguments; *argument; argument += 2) {
		if (!strcmp(*argument, "--help") || !strcmp(*argument, "-h")) {
			fputs(help, stdout);
			finish(0);
		}
		if (strncmp(*argument, "--", 2) != 0)
			bad_usage("expected an option, found", *argument);
		if (!argument[1])
			bad_usage("expected a value behind", *argument);
		take_option(*argument + 2, argument[1]);
	}
}

/* --- the first process of a kernel --- */

static void take_kernel_command_line(void)
{
	static char line[4096];
	int opened = open("/proc/cmdline", O_RDONLY);
	char *rest = line, *word;

	if (opened < 0 || read(opened, line, sizeof(line) - 1) < 0)
		fail("/proc/cmdline: %s", strerror(errno));
	close(opened);
	while ((word = strsep(&rest, " \n"))) {
		char *value = strchr(word, '=');

		if (strncmp(word, "reproduce.", 10) != 0 || !value)
			continue;
		*value = 0;
		take_option(word + 10, value + 1);
	}
}

static void copy(const char *from, const char *to)
{
	static char part[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY);
	ssize_t size;

	if (in < 0 || out < 0)
		fail("%s: %s", in < 0 ? from : to, strerror(errno));
	while ((size = read(in, part, sizeof(part))) > 0) {
		if (write(out, part, (size_t)size) != size)
			fail("%s: %s", to, strerror(errno));
	}
	close(in);
	close(out);
}

static void mount_at(const char *what, const char *where, const char *type)
{
	mkdir(where, 0700);
	if (mount(what, where, type, 0, NULL) != 0 && errno != EBUSY)
		fail("%s on %s: %s", type, where, strerror(errno));
}

static void be_init(void)
{
	int console, module;

	mkdir("/dev", 0700);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) != 0 && errno != EBUSY)
		_exit(3);
	console = open("/dev/console", O_RDWR);
	for (int i = 0; console >= 0 && i < 3; ++i)
		dup2(console, i);
	setvbuf(stdout, NULL, _IOLBF, 0);
	mount_at("proc", "/proc", "proc");
	mount_at("sysfs", "/sys", "sysfs");
	module = open("/brd.ko", O_RDONLY | O_CLOEXEC);
	if (module >= 0 && syscall(SYS_finit_module, module, "rd_nr=1 rd_size=" "32768", 0) != 0)
		fail("/brd.ko: %s", strerror(errno));
	copy("/disk.img", "/dev/ram0");
	mkdir("/disk", 0700);
	if (mount("/dev/ram0", "/disk", "ext4", 0, NULL) != 0)
		mount_at("/dev/ram0", "/disk", "ext2");
	options.path = "/disk/file";
	take_kernel_command_line();
}

/* --- the whole --- */

static void find_cpus(void)
{
	int wanted = options.cpus;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		fail("sched_getaffinity: %s", strerror(errno));
	options.cpus = 0;
	for (int i = 0; i < CPU_SETSIZE; ++i) {
		if (CPU_ISSET(i, &set) && (wanted == 0 || options.cpus < wanted))
			usable[options.cpus++] = i;
	}
	if (options.cpus < 2)
		fail("a race needs two CPUs");
	if (options.cpus <= ROLES)
		printf("%d threads share %d CPUs, one of which their parent needs: less will come of it\n", ROLES,
		       options.cpus);
}

static void prepare(void)
{
	if (sysconf(_SC_PAGESIZE) != 4096)
		fail("the size of a page is not 4096");
	for (int i = 0; i < ROLES; ++i) {
		writers += has_racing_words(&roles[i]);
		zappers += roles[i].zaps != 0;
		syncers += roles[i].syncs != 0;
	}
	if (!first_writer())
		fail("nothing is stored to memory: nothing can be lost");
	find_cpus();
	open_files();
	/* At the same place in all processes. */
	windows = mmap(NULL, WINDOWS * WINDOW_SPACE + 512 * 4096, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (windows == MAP_FAILED)
		fail("no memory: %s", strerror(errno));
	windows = (char *)(((uintptr_t)windows + 512 * 4096 - 1) / (512 * 4096) * (512 * 4096));
}

int main(int count, char **arguments)
{
	double seconds;

	(void)count;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() == 1)
		be_init();
	else
		take_arguments(arguments + 1);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("no memory: %s", strerror(errno));
	prepare();
	start_processes();
	pin(ROLES);
	seconds = run_rounds();
	print_table();
	print_result(seconds);
	finish(seen.lost != 0);
}
