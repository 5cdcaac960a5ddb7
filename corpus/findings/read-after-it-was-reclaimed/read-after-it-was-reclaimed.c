/*
 * Does a thread go on reading a page that Linux has reclaimed, when another has written to what replaces it?
 *
 * Four threads of one process, each on a CPU of its own. The first fills pages, calls madvise(MADV_FREE), and lets the reader load
 * a word of each page, so that the reader's TLB has them. Then the pages are reclaimed. Meanwhile the writer asks mincore() which
 * are gone, stores to one, loads it back, and tells the witness. The witness, who has not looked at the page before, loads the
 * word, and tells the reader, who loads it at once. By then it has been stored to by one thread and seen by two. If the reader
 * finds what was there before MADV_FREE, its load is STALE. The controls are the same but for one thing each, and must have none.
 *
 * It needs four CPUs that are idle, and no swap space; for the second case root, cgroup2, and Linux 5.19 or later, too.
 *
 *   gcc -O2 -static -pthread -Wall -Wextra -o read-after-it-was-reclaimed read-after-it-was-reclaimed.c
 *   ./read-after-it-was-reclaimed [SECONDS-FOR-EACH-CASE [PAGES [FILE]]]
 *
 * PAGES are 512, which is best for Linux 6.1: it flushes when all are unmapped. Linux 6.12 does so every 31 pages, and the reader
 * has none of the others in its TLB after that: 31 is best. With a FILE (it is made anew; on a disk, not on tmpfs) clean pages of
 * a shared mapping of it are tried, too. In a virtual machine whose page tables the host shadows there is nothing to be seen.
 *
 * What it prints: how many rounds; how often the reader was told of a store; how often it had looked before the reclaim was over
 * (only such loads can be stale); how many of these were stale; the same of the witness; other values, which must not be; loads that
 * began when the call that reclaims had returned, and were stale nevertheless; and for how long the reader has read the old
 * contents at the most, in every eighth round, after it was told. MADV_DONTNEED by another thread is there for comparison: it
 * flushes late, too, but that is what the process has asked for at this moment.
 *
 * Exit status: 0 none stale; 1 some stale; 2 bad usage; 3 it could not be tried; 4 a control was stale: the program is wrong.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GROUP "/sys/fs/cgroup/read-after-it-was-reclaimed"
enum { MOST_PAGES = 512, PAGE = 4096, WORDS = PAGE / 8 };
enum kind { PAGED_OUT, BY_ANOTHER, FILE_PAGES, DONTNEED, NOT_LOOKED, SAME_CPU, SWITCHED, NOT_RECLAIMED, NOT_FREED, KINDS };
static const char *const names[KINDS] = { "MADV_FREE, MADV_PAGEOUT", "MADV_FREE, another process reclaims",
	"shared file, MADV_PAGEOUT", "for comparison: MADV_DONTNEED", "control: reader has not looked before",
	"control: reader on the writer's CPU", "control: reader switches to a process and back", "control: MADV_FREE alone",
	"control: MADV_PAGEOUT alone" };

enum role { RECLAIMER, WRITER, WITNESS, READER }; /* and the CPU: one tells the next, should QEMU have them take turns */

static int pages = MOST_PAGES, seconds = 10, file = -1;
static const char *path;
static enum kind kind;
static volatile uint64_t *memory;
static int to_helper[2], from_helper[2];

/* Each in a line of its own, and none in a page that is reclaimed. Rounds and stores are counted from 1 on. */
#define ALONE _Alignas(64)
static struct {
	ALONE atomic_int look, looked, race, over, finished; /* the round that has come to there */
	ALONE atomic_int last; /* the number of the last round, once it is known */
	ALONE atomic_int told_witness, told_reader, heard; /* the number of a store, or of a farewell, from 1 on */
	ALONE int page; /* which page it was, or -1: the round is over */
} at;
static struct {
	long rounds, told, in_time, stale, witness_stale, other, late, longest;
} counts;

static void need(int well, const char *what)
{
	if (!well)
		err(3, "failed: %s", what);
}

static int put(const char *name, const char *text)
{
	int to = open(name, O_WRONLY), well = to >= 0 && write(to, text, strlen(text)) > 0;
	close(to);
	return well;
}

static long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void pin(enum role role)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(kind == SAME_CPU && role == READER ? WRITER : role, &set);
	need(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity; there have to be four CPUs");
}

static void await(atomic_int *what, int value)
{
	while (atomic_load(what) < value) {
		__builtin_ia32_pause();
		if (kind == SAME_CPU)
			sched_yield();
	}
}

static uint64_t old_of(int round) { return 2 * (uint64_t)round; }
static uint64_t new_of(int round) { return 2 * (uint64_t)round + 1; }

/* What helps, in a process of its own. */
static void help(enum role role, const char *name)
{
	char byte;
	to_helper[0] = to_helper[1] = from_helper[0] = from_helper[1] = -1;
	need(pipe(to_helper) == 0 && pipe(from_helper) == 0, "pipe");
	pid_t process = fork();
	need(process >= 0, "fork");
	if (process != 0) {
		close(to_helper[0]);
		close(from_helper[1]);
		return;
	}
	close(to_helper[1]);
	close(from_helper[0]);
	pin(role);
	while (read(to_helper[0], &byte, 1) == 1) {
		if (name)
			put(name, "2M"); /* EAGAIN if it is less */
		need(write(from_helper[1], &byte, 1) == 1, "write");
	}
	_exit(0);
}

static void ask_helper(void)
{
	char byte = 0;
	need(write(to_helper[1], &byte, 1) == 1 && read(from_helper[0], &byte, 1) == 1, "the helper");
}

/* Tells of a page, and waits until both have looked. */
static void tell(int page)
{
	static int number;
	at.page = page;
	atomic_store(&at.told_witness, ++number);
	await(&at.heard, number);
}

static void *write_to_pages(void *unused)
{
	(void)unused;
	pin(WRITER);
	for (int round = 1; round == 1 || at.last != round - 1; ++round) {
		unsigned char present[MOST_PAGES];
		int from = 0, always = kind == NOT_RECLAIMED || kind == NOT_FREED;
		await(&at.race, round);
		while (at.over < round) {
			/* The page that went last is the one to take, since its flush is still to come: they go in this order. */
			int page = from;
			need(from == pages || mincore((void *)(memory + from * WORDS), (pages - from) * PAGE, present) == 0, "mincore");
			while (!always && page < pages && present[page - from] & 1)
				++page;
			if (page == pages)
				continue;
			while (!always && page + 1 < pages && !(present[page + 1 - from] & 1))
				++page;
			from = page + 1;
			memory[page * WORDS] = new_of(round);
			counts.other += memory[page * WORDS] != new_of(round);
			tell(page);
		}
		tell(-1);
		atomic_store(&at.finished, round);
	}
	return NULL;
}

static void *witness(void *unused)
{
	(void)unused;
	pin(WITNESS);
	for (int number = 1, round = 1;; ++number) {
		await(&at.told_witness, number);
		if (at.page >= 0) {
			uint64_t value = memory[at.page * WORDS];
			counts.witness_stale += value == old_of(round);
			counts.other += value != old_of(round) && value != new_of(round);
		}
		int end = at.page < 0 && at.last == round;
		round += at.page < 0;
		atomic_store(&at.told_reader, number);
		if (end)
			return NULL;
	}
}

static void *read_pages(void *unused)
{
	(void)unused;
	pin(READER);
	for (int number = 1, round = 1; round == 1 || at.last != round - 1; ++round) {
		await(&at.look, round);
		for (int i = 0; i < pages && kind != NOT_LOOKED; ++i)
			counts.other += memory[i * WORDS] != old_of(round);
		atomic_store(&at.looked, round);
		for (;; ++number) {
			await(&at.told_reader, number);
			if (at.page < 0)
				break;
			if (kind == SWITCHED)
				ask_helper();
			volatile uint64_t *word = memory + at.page * WORDS;
			int late = at.over >= round;
			uint64_t value = *word;
			int in_time = at.over < round;
			++counts.told;
			counts.in_time += in_time;
			counts.stale += value == old_of(round);
			counts.other += value != old_of(round) && value != new_of(round);
			counts.late += late && value == old_of(round);
			if (value == old_of(round) && round % 8 == 0) { /* else there would be one in a round */
				long begin = now(), time = 0;
				while (*word == old_of(round))
					time = now() - begin;
				counts.longest = time > counts.longest ? time : counts.longest;
			}
			atomic_store(&at.heard, number);
		}
		atomic_store(&at.heard, number++);
	}
	return NULL;
}

static void set_up(int round)
{
	void *all = (void *)memory;
	need(madvise(all, pages * PAGE, MADV_DONTNEED) == 0, "MADV_DONTNEED");
	if (kind == FILE_PAGES)
		need(fsync(file) == 0 && posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0, "fadvise");
	for (int i = 0; i < pages; ++i)
		memory[i * WORDS] = old_of(round);
	if (kind == FILE_PAGES)
		need(fsync(file) == 0, "fsync");
	else if (kind != NOT_FREED)
		need(madvise(all, pages * PAGE, MADV_FREE) == 0, "MADV_FREE");
}

static void reclaim(void)
{
	switch (kind) {
	case NOT_RECLAIMED: usleep(2000); break;
	case BY_ANOTHER: ask_helper(); break;
	case DONTNEED: need(madvise((void *)memory, pages * PAGE, MADV_DONTNEED) == 0, "MADV_DONTNEED"); break;
	default: need(madvise((void *)memory, pages * PAGE, MADV_PAGEOUT) == 0, "MADV_PAGEOUT");
	}
}

/* In a process of its own. */
static int run(void)
{
	pthread_t threads[3];
	char *map = mmap(NULL, 2 * MOST_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(map != MAP_FAILED, "mmap");
	/* In one page table: an madvise() reclaims one at a time. */
	map += -(uintptr_t)map % (MOST_PAGES * PAGE);
	if (kind == FILE_PAGES) {
		file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		need(file >= 0 && ftruncate(file, pages * PAGE) == 0, path);
	}
	int flags = MAP_FIXED | (kind == FILE_PAGES ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);
	memory = mmap(map, pages * PAGE, PROT_READ | PROT_WRITE, flags, file, 0);
	need((void *)memory == map, "mmap");
	madvise(map, pages * PAGE, MADV_NOHUGEPAGE);
	if (kind == BY_ANOTHER) {
		help(RECLAIMER, GROUP "/memory.reclaim");
		need(put(GROUP "/cgroup.procs", "0"), GROUP);
	} else if (kind == SWITCHED) {
		help(READER, NULL);
	}
	pin(RECLAIMER);
	need(pthread_create(&threads[0], NULL, read_pages, NULL) == 0 && pthread_create(&threads[1], NULL, write_to_pages, NULL) == 0 &&
			pthread_create(&threads[2], NULL, witness, NULL) == 0, "pthread_create");
	long end = now() + seconds * 1000000000L;
	for (int round = 1; at.last == 0; ++round) {
		set_up(round);
		at.look = round;
		await(&at.looked, round);
		if (now() > end)
			at.last = round;
		at.race = round;
		reclaim();
		at.over = round;
		++counts.rounds;
		await(&at.finished, round);
	}
	for (int i = 0; i < 3; ++i)
		pthread_join(threads[i], NULL);
	printf("%-46s rounds %6ld told %7ld in time %7ld STALE %6ld witness stale %ld other %ld late %ld longest %ld us\n", names[kind],
		counts.rounds, counts.told, counts.in_time, counts.stale, counts.witness_stale, counts.other, counts.late,
		counts.longest / 1000);
	if (counts.witness_stale != 0 || counts.other != 0 || (kind >= NOT_LOOKED && counts.stale != 0))
		return 4;
	return kind != DONTNEED && counts.stale != 0;
}

int main(int argc, char **argv)
{
	struct utsname us;
	int worst = 0;
	setvbuf(stdout, NULL, _IONBF, 0);
	seconds = argc > 1 ? atoi(argv[1]) : seconds;
	pages = argc > 2 ? atoi(argv[2]) : pages;
	path = argc > 3 ? argv[3] : NULL;
	if (seconds < 1 || pages < 1 || pages > MOST_PAGES || argc > 4)
		errx(2, "usage: %s [SECONDS [PAGES [FILE]]]", argv[0]);
	need(uname(&us) == 0, "uname");
	printf("%s %s, %d pages\n", us.release, us.version, pages);
	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	for (kind = 0; kind < KINDS; ++kind) {
		if (kind == FILE_PAGES && !path)
			continue;
		if (kind == BY_ANOTHER && (mkdir(GROUP, 0755) != 0 || access(GROUP "/memory.reclaim", W_OK) != 0)) {
			rmdir(GROUP);
			printf("%-46s not tried: no %s\n", names[kind], GROUP "/memory.reclaim");
			continue;
		}
		int status;
		pid_t process = fork();
		if (process == 0)
			exit(run());
		need(process > 0 && waitpid(process, &status, 0) == process, "fork");
		int ending = WIFEXITED(status) ? WEXITSTATUS(status) : 3;
		if (ending > 2)
			printf("%-46s exit status %d\n", names[kind], ending);
		worst = ending > worst ? ending : worst;
		if (kind == BY_ANOTHER)
			rmdir(GROUP);
	}
	return worst;
}
