// What --help says of each command, below its options.
#pragma once

namespace shootdown::help {

inline constexpr const char* overview =
    "Exit status: 0 if everything was as expected; 1 if a run was not; 2 if none was so,\n"
    "but the arguments or an input were bad, or if the output could not be written.\n"
    "\n"
    "Examples:\n"
    "  shootdown run corpus\n"
    "  shootdown run --engine eager_dirty --trace corpus/lost-write-simple.program\n"
    "  shootdown show crash-1234 > crash.program\n"
    "\n"
    "'shootdown COMMAND --help' has more.";

inline constexpr const char* run =
    "A PATH is an input, as text or encoded; a folder or zip archive with inputs, as\n"
    "fuzzers leave them; ARCHIVE.zip:MEMBER; or - for standard input. Of a folder, what\n"
    "lies in folders and archives below it counts too. What libFuzzer, AFL++ and people\n"
    "keep beside inputs does not: names with a dot in front, README, *.md, *.jsonl,\n"
    "*.log, *.dict, *.options, and the files in the folder of an instance of AFL++\n"
    "itself.\n"
    "Copies of an encoded input of at most 4096 bytes are not run again.\n"
    "\n"
    "Without --oracles a run must break exactly the guarantees that the input expects\n"
    "to be broken; where it expects nothing of an engine, all that the engine claims\n"
    "must hold. With --oracles the expectations do not count. Shootdown itself must\n"
    "not crash, complain, or take longer than the timeout: that is an internal error.\n"
    "It does not end the replay. An engine that cannot run an input must not be one of\n"
    "which the input expects something. Expectations of engines that are not in this\n"
    "build (linux-NAME, from ci/linux) are counted.\n"
    "\n"
    "For one input every verdict is printed. Of more, what was not expected is sorted\n"
    "by what was broken first: a table of engine, oracle and fact (N stands for\n"
    "numbers), and for each the command that shows the smallest input. What its own\n"
    "text did not expect is also listed one by one. Traces are shown of what was not\n"
    "expected, for one input always.\n"
    "\n"
    "Exit status: 2 if the output could not be written; else 1 if any run was not as\n"
    "expected, or failed; else 2 if any input was bad; else 0. A bad input does not end\n"
    "the replay.\n"
    "\n"
    "Examples:\n"
    "  shootdown run corpus\n"
    "  shootdown run --oracles all --list crashes/ public.zip\n"
    "  shootdown run --engine eager_dirty --trace corpus/lost-write-simple.program\n"
    "  shootdown show crash-1234 | shootdown run -";

inline constexpr const char* minimize =
    "What is left of an input breaks the same in the same way: the same oracle first, with the\n"
    "same fact but for its numbers. It is printed as text. Operations, exceptions, CPUs, address\n"
    "spaces, files, pages, words, parameters and numbers are left out or made smaller as long as\n"
    "that is so: in the end none can be any more. A run under PCT is recorded first. Other\n"
    "schedules are searched, too, with as few exceptions, for fewer operations or another order:\n"
    "it may come out with another one. Places are said by events where they can be. A line for\n"
    "each input, to where errors go, says how much smaller it is. All that takes seconds, on\n"
    "Linux's own code up to half a minute.\n"
    "\n"
    "Without --oracles it is what is broken first of the engine's claims, or if those hold, of\n"
    "all guarantees ('shootdown show --bucket' says what that is). With them it is what is\n"
    "broken first of these. What a text expects does not count.\n"
    "\n"
    "Exit status: 1 if any input breaks nothing that counts; else 2 if any was bad, or the\n"
    "engine cannot run it, or the output could not be written; else 0. The others are printed\n"
    "all the same.\n"
    "\n"
    "Examples:\n"
    "  shootdown minimize crash-1234 -o crash.program\n"
    "  shootdown minimize --engine eager_dirty --oracles fsync-durability crash-1234\n"
    "  shootdown minimize --defect mkclean-without-sync found.program";

inline constexpr const char* explain =
    "The page has what the oracles found and what should have been, the program, and a\n"
    "picture: what each CPU does, with its locks and interrupts, and beside it what page\n"
    "table, TLBs, page cache, memory and disk have of the page that it is about.\n"
    "\n"
    "Shown is what belongs to that page, up to the violation that is explained and all that\n"
    "were found while the program was running. docs/explaining.md says how to read it.\n"
    "\n"
    "Exit status: 2 if the input was bad, an engine cannot run it, or the output could\n"
    "not be written; else 0, whatever was found.\n"
    "\n"
    "Examples:\n"
    "  shootdown explain corpus/lost-write-simple.program -o report.html\n"
    "  shootdown explain --engine eager_dirty --against delayed_rmap FILE -o report.html\n"
    "  shootdown explain --svg FILE -o picture.svg";

inline constexpr const char* prove =
    "The operations of each program, in every order that its CPUs can do them: the schedule\n"
    "that the program has does not count. Those schedules come first that have the fewest\n"
    "exceptions to the order of the list; so what is found has the fewest, and is printed as\n"
    "a program. When none is left, it holds for every schedule: a proof, for this program\n"
    "and these kinds of exceptions, as far as the model is the kernel. A search ends with\n"
    "the first oracle that is broken, and with --all another begins for those that are left.\n"
    "\n"
    "KINDS are names with commas between: preempt (another CPU comes to run), late (an\n"
    "interrupt is taken later), evict and fill (the hardware drops a translation, or loads\n"
    "one), fail (an allocation fails). docs/proving.md says what the verdicts mean.\n"
    "\n"
    "--programs searches all programs of up to K operations, of which each CPU has some or\n"
    "none. Two that only have them on other CPUs are one. NAMES are of operations, with commas\n"
    "between; by default store, load, mmap, populate, munmap, dontneed, msync, fsync,\n"
    "writeback, fadvise, reclaim, read, write and invalidate. --results adds a line to a\n"
    "file for each search. What is there already is not searched again, so a run that was\n"
    "killed goes on; files of several shards are put together by 'sort -u'. --recheck\n"
    "searches a sample of it again: verdicts and numbers of states must be the same.\n"
    "\n"
    "Exit status: 1 if anything breaks, or comes out otherwise; else 2 if any input was bad,\n"
    "or an engine cannot run it; else 3 if a search ended before what was asked is known;\n"
    "else 0.\n"
    "\n"
    "Examples:\n"
    "  shootdown prove --engine delayed_rmap lost-write.program\n"
    "  shootdown prove --exceptions 2 --may preempt,late,evict,fill corpus/*.program\n"
    "  shootdown prove --programs 2 --results two.jsonl\n"
    "  shootdown prove --programs 3 --calls store,dontneed,fsync --shard 1/10 --seconds 60";

inline constexpr const char* record =
    "A run under PCT, POS or SURW becomes a program that lists the schedule which it took:\n"
    "what they find can be read and changed. An input that lists its schedule stays as it is.\n"
    "With --events the places of the schedule are named by what happens there ('after\n"
    "remove rmap of page 0') where that can be said; so they mean the same on another\n"
    "engine, and when the model has changed. 'shootdown events' lists the names.\n"
    "\n"
    "Exit status: 1 if any schedule has no room in a program; else 2 if any input was bad,\n"
    "or the engine cannot run it; else 0. The others are printed all the same.\n"
    "\n"
    "Examples:\n"
    "  shootdown record crash-1234 > crash.program\n"
    "  shootdown record --events --engine eager_dirty crash-1234 > crash.program";

inline constexpr const char* reproduce =
    "The C program needs nothing but a C library. It races in rounds, and compares at the\n"
    "end of each what was stored last with what the page cache and the disk have. Its\n"
    "schedules are the kernel's own: of the input's, only the order of the operations and\n"
    "the place of the first preemption are used. docs/reproducing.md says how.\n"
    "\n"
    "It runs as a program ('--help' lists its options), and as the first process of a\n"
    "kernel, which is what ci/qemu makes of it. It ends with 1 if a store was lost, 0 if\n"
    "none was, 3 if it could not be tried.\n"
    "\n"
    "Exit status: 2 if the input was bad, nothing is stored in it, or the output could not\n"
    "be written.\n"
    "\n"
    "Examples:\n"
    "  shootdown reproduce corpus/lost-write-simple.program -o repro.c\n"
    "  ci/qemu 6.1 repro.c --seconds 60";

inline constexpr const char* findings =
    "Three columns for each finding: what the engines of the model do with its programs,\n"
    "what Linux's own code does, as far as it is in this build (ci/linux makes such builds),\n"
    "and what running kernels made of them. The first two are found out now. The third is\n"
    "read from running-kernels.jsonl, to which ci/qemu --record adds; 'times' are boots.\n"
    "\n"
    "Exit status: 1 if a program does not do what it says; else 2 if a finding could not be\n"
    "read; else 0.\n"
    "\n"
    "Examples:\n"
    "  shootdown findings\n"
    "  build/linux/6.12/shootdown findings corpus/findings/dropped-before-it-is-dirtied";

inline constexpr const char* show =
    "Comments and expectations of a text are not part of the program: they are left out.\n"
    "\n"
    "--expect runs the input on every engine that can run it and says what came of it;\n"
    "'shootdown run' of what it prints is as expected, until an engine or the model\n"
    "changes. What a text expects of engines that are not in this build stays.\n"
    "\n"
    "--bucket says 'ENGINE breaks ORACLE: FACT', with N for the numbers in the fact: of\n"
    "the first engine that breaks a claim, the first claim that it breaks; else of the\n"
    "first engine that breaks anything, what it breaks first; else 'breaks nothing'.\n"
    "\n"
    "Examples:\n"
    "  shootdown show crash-1234 > crash.program\n"
    "  shootdown show --expect - < crash-1234";

inline constexpr const char* corpus =
    "A corpus has stories that people have written, and regressions, both as text with\n"
    "what they must do to each engine: 'shootdown run corpus' checks them. What a\n"
    "fuzzer lets grow is another corpus, of bytes, for each fuzz target.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus list\n"
    "  shootdown corpus add build/crashes/eager_dirty\n"
    "  shootdown corpus merge eager_dirty";

inline constexpr const char* corpus_add =
    "Each input that breaks something is made as small as it can be ('shootdown\n"
    "minimize') and written as text, with what that does to every engine now as its\n"
    "expectations. It is called ENGINE-ORACLE-DIGEST.program after what it breaks first\n"
    "('shootdown show --help' has the rule) and its canonical bytes: so it has the same\n"
    "name whoever adds it. What breaks nothing is refused. The input stays as it is.\n"
    "\n"
    "Of inputs that break the same in the same way (equal facts but for their numbers,\n"
    "equal expectations) only the smallest is taken, and none if there is such a\n"
    "regression. Of the output of AFL++ only crashes count, those of earlier sessions\n"
    "(crashes.DATE) too; else a PATH is what it is to 'shootdown run'.\n"
    "\n"
    "Exit status: 1 if any input was refused, or Shootdown itself failed on it; else 2 if\n"
    "any input was bad or could not be written; else 0. The others are taken all the\n"
    "same.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus add build/crashes/eager_dirty\n"
    "  shootdown corpus add --all --to regressions crash-1234 backup.zip";

inline constexpr const char* corpus_merge =
    "TARGET is an engine, or text. Its corpus, work/TARGET, becomes as small as\n"
    "libFuzzer can make it with the same coverage. Each PATH is taken in: inputs,\n"
    "folders and zip archives as for 'shootdown run', but of the output of AFL++ only\n"
    "queues count; texts (*.program) are encoded. The same inputs always come to the\n"
    "same corpus. The old one is replaced when all has ended well, and untouched until\n"
    "then; what a fuzzer adds to it meanwhile stays.\n"
    "\n"
    "Inputs that break something are left out, reported, and kept as crashes.\n"
    "\n"
    "Exit status: 0 if the corpus was replaced; 1 if it was, but an input breaks\n"
    "something; 2 if nothing was changed, because of bad usage or input, or because the\n"
    "target failed.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus merge deferred_dirty\n"
    "  shootdown corpus merge deferred_dirty work/afl/deferred_dirty backup.zip";

inline constexpr const char* corpus_list =
    "For each engine: that everything is expected to hold, how many guarantees are\n"
    "expected to break, or that nothing is expected (-). Engines that are not in this\n"
    "build come behind the others. The title is the first comment in the text.\n"
    "\n"
    "--json prints a list of objects: name, title, and breaks, which has for each engine\n"
    "of which something is expected the names of the oracles.\n"
    "\n"
    "Examples:\n"
    "  shootdown corpus list\n"
    "  shootdown corpus list --json corpus/regressions";

inline constexpr const char* assemble =
    "Of a folder, every text is encoded into a file of the same name without its\n"
    "ending, in OUT, which is made if need be; other files are left out.\n"
    "\n"
    "Examples:\n"
    "  shootdown assemble lost-write.program -o lost-write\n"
    "  shootdown assemble corpus -o seeds";

inline constexpr const char* dictionary =
    "FORM is what the fuzz target takes: bytes (fuzz_ENGINE) or text (fuzz_text).\n"
    "\n"
    "Examples:\n"
    "  shootdown dictionary bytes -o engine.dict\n"
    "  fuzz_eager_dirty -dict=engine.dict CORPUS";

inline constexpr const char* defects =
    "One of them can be made in every run, to see that an oracle catches it: 'shootdown\n"
    "run --defect NAME', or SHOOTDOWN_DEFECT=NAME in the environment of a fuzz target.\n"
    "\n"
    "'shootdown scoreboard' measures which ones are detected, and how soon.\n"
    "\n"
    "Examples:\n"
    "  shootdown defects\n"
    "  shootdown run --defect mkclean-without-sync corpus";

inline constexpr const char* scoreboard =
    "Each planted mistake is searched for several times, with a seed each. A trial begins\n"
    "with the programs of the corpus, without those that show the mistake as they are\n"
    "(which is found out first), and goes on with mutants of them: at most so many runs,\n"
    "each of one program on one engine. A mistake is reached when the place is executed\n"
    "where it is made; triggered when a run differs from the same run without it;\n"
    "detected when an engine then breaks what it claims, and does not without it.\n"
    "\n"
    "What breaks without a mistake is a false alarm. Mistakes that nothing can show are\n"
    "tried, too. But for CPU times, the same corpus, seeds and runs give the same results,\n"
    "however many processes are at work. --libfuzzer searches by libFuzzer in place of our\n"
    "own mutants. docs/scoreboard.md says more, and what is in the files.\n"
    "\n"
    "Exit status: 0 if enough trials detected their mistake (--require), there were no\n"
    "false alarms, and nothing was detected that cannot be; else 1.\n"
    "\n"
    "Examples:\n"
    "  shootdown scoreboard\n"
    "  shootdown scoreboard --seeds 10 --runs 100000 --html board.html --json board.json\n"
    "  shootdown scoreboard --seeds 20 fsync-does-not-wait access-split\n"
    "  shootdown scoreboard --libfuzzer build/fuzz --flag=-entropic=0";

inline constexpr const char* engines =
    "--matrix runs programs on each engine: those of the corpus, then mutants of them,\n"
    "the same ones each time, every other one under PCT. For each way of breaking that\n"
    "was seen it prints the smallest program that showed it, made smaller still.\n"
    "\n"
    "Exit status with --matrix: 0 if no engine breaks what it claims; else 1.\n"
    "\n"
    "Examples:\n"
    "  shootdown run --engine eager_dirty corpus\n"
    "  shootdown engines --matrix --runs 20000\n"
    "  shootdown engines --matrix --engine deferred_rmap_v2 --json";

}  // namespace shootdown::help
