#!/usr/bin/env bash
# Completions and the manual page are made from the commands: they have all of them, and shells can read them.
. "$(dirname "$0")/loader.sh"
unset PGDATABASE
help=$("$loader" --help)
mapfile -t commands < <(sed -n '/^Subcommands:/I,$p' <<<"$help" | grep -oE '^  [a-z]+' | tr -d ' ')
ok $((${#commands[@]} < 15)) "${#commands[@]} commands"
"$loader" completion bash >bash.sh && bash -n bash.sh
ok $? "a script for bash"
. ./bash.sh
completes() { # WORD...: what the last one may become
    COMP_WORDS=(pgcandle "$@") COMP_CWORD=$# COMPREPLY=()
    _pgcandle
    printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
}
is "$(completes ba)" backfill "completes commands"
is "$(completes watch a)" add "and those of commands"
is "$(completes backfill --fr)" --from "options"
is "$(completes -q backfill --sy)" --symbols "behind other options"
like "$(completes backfill --d)" "--days --db" "those of all commands, too"
is "$(completes backfill --client)" "" "but not of another one"
if command -v zsh >/dev/null; then
    "$loader" completion zsh >_pgcandle && zsh -n _pgcandle
    ok $? "a script for zsh"
fi
if command -v fish >/dev/null; then
    "$loader" completion fish >pgcandle.fish && fish -n pgcandle.fish
    ok $? "a script for fish"
fi
for shell in zsh fish; do
    script=$("$loader" completion $shell)
    for command in "${commands[@]}"; do
        [[ $script == *"$command"* ]] || echo "# $command is missing"
    done >missing
    is "$(cat missing)" "" "$shell has all commands"
done
"$loader" manual >pgcandle.1
is "$(for command in "${commands[@]}"; do grep -q "^.SS pgcandle $command" pgcandle.1 || echo "$command"; done)" "" "the manual has all commands"
for command in "${commands[@]}"; do
    for option in $("$loader" "$command" --help | grep -oE -- '--[a-z-]+' | sort -u); do
        grep -qF -- "${option//-/\\-}" pgcandle.1 || echo "$command $option"
    done
done >missing
is "$(cat missing)" "" "and all options"
if command -v groff >/dev/null; then
    is "$(groff -man -Tutf8 -ww pgcandle.1 2>&1 >page)" "" "which groff sets without a warning"
    like "$(cat page)" "market data of Upstox in PostgreSQL" "as a page"
fi
for command in bakfill stauts imoprt; do
    run $command
    like "$code $output" "^2 .*Did you mean .pgcandle (backfill|status|import)" "$command"
done
done_testing
