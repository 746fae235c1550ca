"""Completion for bash, zsh and fish: one description of the command line, and what each shell makes of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

SHELLS = ("bash", "zsh", "fish")

FILES = "FILES"
"""Stands among the values of an option or an argument that any file can be."""


class Choice(NamedTuple):
    """An option, or what stands without one."""

    flags: tuple[str, ...]
    """How the option is written; empty for an argument."""
    description: str
    values: tuple[str, ...] | None
    """What may come after it (FILES: any file); None where nothing comes."""


class Command(NamedTuple):
    """A command, `""` being bptui without one."""

    name: str
    description: str
    choices: tuple[Choice, ...]

    @property
    def flags(self) -> list[str]:
        """Every option, in every way in which it is written."""
        return [flag for choice in self.choices for flag in choice.flags]

    @property
    def arguments(self) -> tuple[str, ...]:
        """What may stand without an option."""
        return tuple(value for choice in self.choices if not choice.flags for value in choice.values or ())


def script(shell: str, commands: Sequence[Command]) -> str:
    """Return the completion of one of SHELLS, to be evaluated by it."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](commands)


def _bash(commands: Sequence[Command]) -> str:
    return f"""# Completion of bptui for bash: eval "$(bptui completion bash)"
_bptui() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
    local typed="" command="" flags="" words="" files=""
    ((COMP_CWORD > 1)) && typed=${{COMP_WORDS[1]}}
{_cases(commands)}
    local IFS=$' \\n'
    if [[ $current == -* ]]; then
        words=$flags
        files=""
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [[ -n $files ]]; then
        IFS=$'\\n'
        COMPREPLY+=($(compgen -f -- "$current"))
    fi
}}
complete -o filenames -F _bptui bptui
"""


def _zsh(commands: Sequence[Command]) -> str:
    return f"""#compdef bptui
# Completion of bptui for zsh: eval "$(bptui completion zsh)", or save it as _bptui in a folder of $fpath
_bptui() {{
    local current=$words[CURRENT] previous=$words[CURRENT-1] typed="" command="" flags="" files=""
    ((CURRENT > 2)) && typed=$words[2]
    local words=""
{_cases(commands)}
    if [[ $current == -* ]]; then
        words=$flags
        files=""
    fi
    compadd -- ${{=words}}
    if [[ -n $files ]]; then
        _files
    fi
}}
if [[ $funcstack[1] == _bptui ]]; then
    _bptui "$@"
else
    compdef _bptui bptui
fi
"""


def _cases(commands: Sequence[Command]) -> str:
    """Return the part that bash and zsh share: it sets `flags`, `words` and `files` for the word being typed."""
    names = [command.name for command in commands if command.name]
    lines = [
        '    case "$typed" in',
        f"        {'|'.join(names)}) command=$typed;;",
        "    esac",
        '    case "$command" in',
    ]
    for command in commands:
        words = [value for value in command.arguments if value != FILES]
        if not command.name:
            words = [*names, *words]
        lines += [
            f'        "{command.name}")',
            f"            flags={shlex.quote(' '.join(command.flags))}",
            f"            words={shlex.quote(' '.join(words))}",
            f"            files={'yes' if FILES in command.arguments else ''}",
        ]
        taking = [choice for choice in command.choices if choice.flags and choice.values is not None]
        if taking:
            lines.append('            case "$previous" in')
            for choice in taking:
                values = " ".join(value for value in choice.values or () if value != FILES)
                files = "yes" if FILES in (choice.values or ()) else ""
                lines.append(f"                {'|'.join(choice.flags)}) words={shlex.quote(values)} files={files};;")
            lines.append("            esac")
        lines.append("            ;;")
    return "\n".join([*lines, "    esac"])


def _fish(commands: Sequence[Command]) -> str:
    names = " ".join(command.name for command in commands if command.name)
    lines = [
        "# Completion of bptui for fish: bptui completion fish | source",
        "complete -c bptui -f",
    ]
    for command in commands:
        if command.name:
            condition = f"__fish_seen_subcommand_from {command.name}"
            described = shlex.quote(command.description)
            lines.append(f"complete -c bptui -n '__fish_is_first_arg' -a {command.name} -d {described}")
        else:
            condition = f"not __fish_seen_subcommand_from {names}"
        for choice in command.choices:
            parts = ["complete -c bptui", f"-n {shlex.quote(condition)}"]
            for flag in choice.flags:
                parts.append(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}")
            words = [value for value in choice.values or () if value != FILES]
            if choice.values is not None and choice.flags:
                parts.append("-x" if FILES not in choice.values else "-r")
            if FILES in (choice.values or ()):
                parts.append("-F")
            if words:
                parts.append(f"-a {shlex.quote(' '.join(words))}")
            if choice.flags and choice.description:
                parts.append(f"-d {shlex.quote(choice.description)}")
            if choice.flags or choice.values:
                lines.append(" ".join(parts))
    return "\n".join(lines) + "\n"
