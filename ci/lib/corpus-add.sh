# shellcheck shell=bash
# ci/corpus add: crash files as regressions. ci/corpus sources it.

# What is known of each crash file, by the digest of its program.
declare -A name_of size_of bucket_of origin_of
digests=()  # in the order in which they were found
# What did not go well.
refused='' unreadable='' failed=''

# Runs our tool: NAME of what it is about, ARGUMENTS... Returns 1 if that did not go well; the reason has been said.
ask_tool() {
  local about=$1 status=0
  shift
  "$build/shootdown" "$@" || status=$?
  case $status in
    0) return 0 ;;
    2) unreadable=yes ;;
    *)
      failed=yes
      echo "corpus: $about: shootdown $1 failed with status $status: that is a fault of Shootdown, not of an engine" >&2
      ;;
  esac
  return 1
}

# Writes $scratch/text (with expectations) and $scratch/found (what it breaks first) of an input: FILE, NAME of it.
look_at() {
  ask_tool "$2" show --expect "$1" >"$scratch/text" && ask_tool "$2" show --bucket "$scratch/text" >"$scratch/found"
}

# Which bucket the text is in. What it breaks on other engines counts, too: else the only input that breaks one engine
# could be dropped for the sake of one that does not.
bucket() {
  cat "$scratch/found"
  grep '^expect ' "$scratch/text"
}

# Notes what is to be known of a crash file, and writes it as text to $scratch/DIGEST.program.
examine() {
  local file=$1 digest found engine oracle
  look_at "$file" "$file" && ask_tool "$file" assemble "$scratch/text" -o "$scratch/bytes" || return 0
  found=$(<"$scratch/found")
  if [[ $found == "breaks nothing" ]]; then
    echo "corpus: $file: breaks nothing on any engine, so it would be no regression" >&2
    refused=yes
    return
  fi
  digest=$(sha1sum <"$scratch/bytes" | cut -c 1-12)
  if [[ ${origin_of[$digest]-} ]]; then
    echo "$file: the same program as ${origin_of[$digest]}"
    return
  fi
  [[ $found =~ ^([a-z0-9_]+)\ breaks\ ([a-z0-9-]+):\  ]] || die "not understood: $found" 3
  engine=${BASH_REMATCH[1]} oracle=${BASH_REMATCH[2]}
  digests+=("$digest")
  origin_of[$digest]=$file
  name_of[$digest]=$engine-$oracle-$digest.program
  size_of[$digest]=$(stat -c %s "$scratch/bytes")
  bucket_of[$digest]=$(bucket)
  sed "1a # Found by fuzzing; breaks $oracle on $engine." "$scratch/text" >"$scratch/$digest.program"
}

# The regression of this digest in a folder, whatever it broke first when it was added; or nothing.
regression_of() {
  local file
  for file in "$1"/*-"$2".program; do
    if [[ -e $file ]]; then echo "$file"; fi
  done
}

# Writes a file that is there as a whole or not at all: DIGEST, FOLDER.
write_regression() {
  local partial to=$2/${name_of[$1]}
  partial=$(mktemp "$2/.new-XXXXXX")
  cp "$scratch/$1.program" "$partial"
  chmod 644 "$partial"
  mv -T "$partial" "$to"
  echo "$to: added, from ${origin_of[$1]}"
}

# Takes all, or the smallest of each bucket that has no regression yet: FOLDER, ALL (yes or nothing).
take() {
  local folder=$1 all=$2 digest file bucket there
  local -A taken=()
  if [[ -z $all ]]; then
    for file in "$folder"/*.program; do
      if [[ -e $file ]] && look_at "$file" "$file"; then taken[$(bucket)]=$file; fi
    done
  fi
  while read -r _ digest; do
    bucket=${bucket_of[$digest]}
    there=$(regression_of "$folder" "$digest")
    if [[ $there ]]; then
      echo "$there: was there, from ${origin_of[$digest]}"
    elif [[ -z $all && ${taken[$bucket]-} ]]; then
      echo "${origin_of[$digest]}: breaks what ${taken[$bucket]} breaks; not taken (--all takes it)"
    else
      write_regression "$digest" "$folder"
      taken[$bucket]=$folder/${name_of[$digest]}
    fi
  done < <(for digest in "${digests[@]}"; do echo "${size_of[$digest]} $digest"; done | sort -n)
}

add() {
  local folder=corpus/regressions all='' source file
  local -a sources=()
  while [[ $# != 0 ]]; do
    case $1 in
      --all) all=yes ;;
      --to)
        [[ ${2-} ]] || die "--to: expected a folder" 2
        folder=$(path_from_root "$2")
        [[ ! -e $folder || -d $folder ]] || die "--to: $folder is no folder" 2
        shift
        ;;
      -*) die "no such option: $1; see ci/corpus --help" 2 ;;
      *) sources+=("$(path_from_root "$1")") ;;
    esac
    shift
  done
  [[ ${#sources[@]} != 0 ]] || die "add: expected crash files, or folders of them; see ci/corpus --help" 2
  for source in "${sources[@]}"; do
    [[ -e $source ]] || die "$source: there is no such file or folder" 2
  done
  prepare shootdown

  for source in "${sources[@]}"; do
    if [[ -d $source ]]; then
      while IFS= read -r -d '' file; do examine "$file"; done < <(list_inputs "$source" crashes)
    else
      examine "$source"
    fi
  done
  mkdir -p "$folder"
  take "$folder" "$all"
  if [[ $failed ]]; then exit 3; fi
  if [[ $refused ]]; then exit 1; fi
  if [[ $unreadable ]]; then exit 2; fi
}
