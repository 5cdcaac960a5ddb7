# shellcheck shell=bash
# A copy of Debian's Linux 6.12 in which mistakes are planted: for scripts that source common.sh before, and make a scratch. What is not edited it
# shares with the original, which is never changed.

# shellcheck disable=SC2154 # scratch is of common.sh
original=build/linux/source-6.12
# Of the script that sources this.
copy=build/linux/trees/${0##*/check-}

make_copy() {
  [[ -e $original/Kbuild ]] || die "there is no $original; ci/linux 6.12 unpacks it" 3
  # A link would lead to the original, and mistakes be planted there.
  if [[ -d $copy && ! -L $copy ]]; then return; fi
  mkdir -p "${copy%/*}"
  rm -rf "$copy" "$copy.new"
  cp -al "$original/." "$copy.new"
  mv "$copy.new" "$copy"
}

# FILE of the copy, by what. It is new each time: what was built from it is older.
replace() {
  rm -f "$copy/$1"
  cp "$2" "$copy/$1"
}

# Leaves in $scratch/planted a FILE as an EDIT makes it, a command for sed -E; one that changes nothing is an error: NAME of the
# mistake, FILE, EDIT.
edit_file() {
  sed -E "$3" "$2" >"$scratch/planted"
  if cmp -s "$scratch/planted" "$2"; then die "$1 cannot be planted: its edit changes nothing in $2" 1; fi
}

# Plants a mistake: its NAME, FILE, EDIT.
plant() {
  edit_file "$1" "$original/$2" "$3"
  replace "$2" "$scratch/planted"
}

# FILE
mend() {
  replace "$1" "$original/$1"
}
