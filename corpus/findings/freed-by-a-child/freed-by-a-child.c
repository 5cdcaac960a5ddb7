/*
 * Does Linux throw away anonymous memory that another process has freed lazily?
 *
 * A process fills memory, has it swapped out, loads a word of each page, and forks. The child calls madvise(MADV_FREE), and
 * waits. Memory is reclaimed. Then the parent looks at its memory, which it has not freed: zeros are lost data. The controls
 * are the same but for one thing each, and have to lose nothing. It needs root, Linux 5.19 or later, cgroup2, and as the only
 * swap space an area on zram or brd:
 *
 *   modprobe zram; echo 64M >/sys/block/zram0/disksize; mkswap /dev/zram0; swapon /dev/zram0
 *   gcc -O2 -Wall -Wextra -o freed-by-a-child freed-by-a-child.c; ./freed-by-a-child
 *
 * Exit status: 0 nothing lost; 1 something lost; 3 it could not be tried.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define GROUP "/sys/fs/cgroup/freed-by-a-child"
enum { PAGES = 256, PAGE = 4096, WORDS = PAGE / 8, BYTES = PAGES * PAGE };
enum kind { CHILD_FREES, PARENT_FREES, NOBODY_FREES, STORED_TO, NOT_SWAPPED_OUT, KINDS };
static const char *const names[KINDS] = { "child frees, parent looks", "parent frees, child looks",
	"control: nobody frees", "control: stored to before the fork", "control: not swapped out before the fork" };

static void need(int well, const char *what)
{
	if (!well)
		errx(3, "failed: %s", what);
}

static int put(const char *path, const char *text)
{
	int file = open(path, O_WRONLY), well = dprintf(file, "%s", text) > 0;
	close(file);
	return well;
}

static int ending_of(pid_t process)
{
	int status;
	return waitpid(process, &status, 0) == process && WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

/* Counts the caller's pages that have this bit in pagemap: 63 for present, 62 for swapped out. */
static int count(int bit, volatile uint64_t *memory)
{
	uint64_t entries[PAGES];
	int pages = 0, file = open("/proc/self/pagemap", O_RDONLY);
	need(pread(file, entries, sizeof entries, (uintptr_t)memory / PAGE * 8) == sizeof entries, "pagemap");
	close(file);
	for (int i = 0; i < PAGES; ++i)
		pages += entries[i] >> bit & 1;
	return pages;
}

static int say(const char *when, volatile uint64_t *memory)
{
	int present = count(63, memory), swapped = count(62, memory);
	printf("  %s: present %d, swapped out %d, nothing %d\n", when, present, swapped, PAGES - present - swapped);
	return swapped;
}

static int look(volatile uint64_t *memory)
{
	int right = 0, zeros = 0;
	for (volatile uint64_t *page = memory, *end = memory + PAGES * WORDS; page < end; page += WORDS) {
		int same = 1;
		while (same < WORDS && page[same] == page[0])
			++same;
		right += same == WORDS && page[0] == (uint64_t)(page - memory) / WORDS + 1;
		zeros += same == WORDS && page[0] == 0;
	}
	printf("  contents: right %d, ZEROS %d, otherwise wrong %d\n", right, zeros, PAGES - right - zeros);
	return right != PAGES;
}

/* In a process of its own, which ends with 1 if something is lost. */
static int run(enum kind kind)
{
	int ready[2];
	char byte = 0;
	need(put(GROUP "/cgroup.procs", "0"), GROUP);
	void *map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile uint64_t *memory = map;
	need(map != MAP_FAILED && pipe(ready) == 0, "mmap, pipe");
	madvise(map, BYTES, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES * WORDS; ++i)
		memory[i] = i / WORDS + 1;
	if (kind != NOT_SWAPPED_OUT) {
		madvise(map, BYTES, MADV_PAGEOUT);
		need(say("paged out", memory) != 0, "nothing is swapped out; is there swap space?");
	}
	for (int i = 0; i < PAGES; ++i)
		if (memory[i * WORDS] != 0 && kind == STORED_TO)
			memory[i * WORDS] = i + 1;
	say("before fork", memory);
	pid_t child = fork();
	need(child >= 0, "fork");
	if ((child == 0) == (kind != PARENT_FREES)) {
		/* Who frees: twice, since pages wait in a list of the CPU's, which the second call empties first. */
		for (int i = 0; i < 2 && kind != NOBODY_FREES; ++i)
			need(madvise(map, BYTES, MADV_FREE) == 0, "MADV_FREE");
		need(write(ready[1], &byte, 1) == 1, "write");
		while (child == 0)
			pause();
		return ending_of(child);
	}
	/* Who looks. Reclaim is asked for often, since it passes over pages that were used lately, and goes by old numbers. */
	close(ready[1]);
	need(read(ready[0], &byte, 1) == 1, "the other process");
	for (int i = 0; i < 500 && count(63, memory) != 0; ++i, usleep(10000))
		put(GROUP "/memory.reclaim", "4M");
	say("reclaimed", memory);
	int lost = look(memory);
	if (child != 0 && kill(child, SIGKILL) == 0)
		ending_of(child);
	return lost;
}

int main(void)
{
	struct utsname us;
	int worst = 0;
	setvbuf(stdout, NULL, _IONBF, 0);
	cpu_set_t one = { { 1 } }; /* each CPU has such lists */
	need(sched_setaffinity(0, sizeof one, &one) == 0 && uname(&us) == 0, "sched_setaffinity");
	printf("%s %s\n", us.release, us.version);
	put("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	for (enum kind kind = 0; kind < KINDS; ++kind) {
		printf("%s\n", names[kind]);
		/* Each has a group of its own: what the kernel counts of one lags behind. */
		need(mkdir(GROUP, 0755) == 0 && access(GROUP "/memory.reclaim", W_OK) == 0, GROUP "/memory.reclaim");
		pid_t process = fork();
		int ending = process == 0 ? run(kind) : ending_of(process);
		if (process == 0)
			return ending;
		worst = ending > worst ? ending : worst;
		rmdir(GROUP);
	}
	return worst;
}
