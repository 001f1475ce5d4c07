/** lazarus completion: scripts by which shells complete commands, options and their values. */
import { UsageError } from "../errors.ts";
import { openOutput } from "../io/output.ts";
import { didYouMean } from "./closestWord.ts";
import { type Command, defineCommand } from "./command.ts";
import { standardOptions } from "./help.ts";
import type { Option } from "./option.ts";

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

/**
 * The command.
 * @param allCommands the commands to complete, this one among them
 */
export const completion = (allCommands: () => Promise<Command[]>) =>
  defineCommand({
    name: "completion",
    summary: "print a script that completes commands and options in your shell",
    examples: [
      { says: "In ~/.bashrc", line: 'eval "$(lazarus completion bash)"' },
      { says: "In ~/.zshrc, after compinit", line: 'eval "$(lazarus completion zsh)"' },
      { says: "For fish", line: "lazarus completion fish > ~/.config/fish/completions/lazarus.fish" },
    ],
    description: ["Prints a completion script for bash, zsh or fish, made from the same data as --help."],
    operand: "SHELL",
    operandChoices: Object.keys(scripts),
    options: {},
    run: async (_, shell) => {
      const script = Object.entries(scripts).find(([name]) => name === shell)?.[1];
      if (script === undefined) {
        const hint = shell === undefined ? "" : `, got "${shell}"${didYouMean(shell, Object.keys(scripts))}`;
        throw new UsageError(`completion for which shell? expected one of ${Object.keys(scripts).join(", ")}${hint}`);
      }
      await openOutput(undefined).write(script(await allCommands()));
      return 0;
    },
  });

function optionsOf(command: Command): [string, Option][] {
  return Object.entries({ ...command.options, ...standardOptions });
}

/** Words that may follow an option; nothing when it takes a file or a number. */
function wordsOf({ choices, words = [] }: Option): string {
  return (choices ?? words).join(" ");
}

/** In bash `--option=value` is three words unless the user's COMP_WORDBREAKS has no equals sign. */
function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const { name: verb, operandChoices = [] } = command;
    const words = optionsOf(command).map(([name]) => `--${name}`);
    const values = optionsOf(command)
      .filter(([, entry]) => wordsOf(entry) !== "")
      .map(([name, entry]) => {
        const listed = entry.severalWords ? " several=yes" : "";
        return `        --${name}) words="${wordsOf(entry)}"${listed};;\n`;
      });
    const otherwise = `        *) case $word in -*) words="${words.join(" ")}";; *) words="${operandChoices.join(" ")}";; esac;;\n`;
    return `    ${verb})\n      case $previous in\n${values.join("")}${otherwise}      esac;;\n`;
  });
  return `_lazarus() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words= several= before=
  case $word in
    =) word= ;;
    --*=*) previous=\${word%%=*} before=\${word%%=*}= word=\${word#*=} ;;
  esac
  [ "$previous" = = ] && previous=\${COMP_WORDS[COMP_CWORD-2]}
  case \${COMP_CWORD}:\${COMP_WORDS[1]} in
    1:*) words="${commands.map(({ name }) => name).join(" ")} --help --version";;
  esac
  [ "$COMP_CWORD" -gt 1 ] && case \${COMP_WORDS[1]} in
${cases.join("")}  esac
  case $several$word in
    yes*,*) before=$before\${word%,*}, word=\${word##*,} ;;
  esac
  COMPREPLY=($(compgen -P "$before" -W "$words" -- "$word"))
}
complete -o default -F _lazarus lazarus
`;
}

function zshScript(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const lines = optionsOf(command).map(([name, entry]) => {
      const equals = entry.argument === undefined ? "" : "=";
      const values = entry.argument === undefined ? "" : `:value:${zshAction(entry)}`;
      return `        ${singleQuoted(`--${name}${equals}[${entry.says.replaceAll(/[[\]:]/g, " ")}]${values}`)}`;
    });
    const { name: verb, operandChoices } = command;
    const operand = operandChoices ? `'1:${command.operand?.toLowerCase()}:(${operandChoices.join(" ")})'` : "'*:file:_files'";
    return `    ${verb}) _arguments \\\n${lines.join(" \\\n")} \\\n        ${operand};;\n`;
  });
  const summaries = commands.map(({ name, summary }) => singleQuoted(`${name}:${summary}`)).join(" ");
  return `#compdef lazarus
_lazarus() {
  if (( CURRENT == 2 )); then
    local -a commands=(${summaries})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${cases.join("")}  esac
}
compdef _lazarus lazarus
`;
}

function zshAction(entry: Option): string {
  const words = wordsOf(entry);
  if (words === "") return "_files";
  if (entry.severalWords) return `_values -s , value ${words}`;
  return entry.choices === undefined ? `{compadd -- ${words}; _files}` : `(${words})`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c lazarus -n __fish_use_subcommand -f -a ${command.name} -d ${singleQuoted(command.summary)}`,
    ...optionsOf(command).map(([name, entry]) => {
      const letter = entry.letter === undefined ? "" : ` -s ${entry.letter}`;
      const values = entry.argument === undefined ? "" : fishValues(entry);
      return `complete -c lazarus -n '__fish_seen_subcommand_from ${command.name}' -l ${name}${letter}${values} -d ${singleQuoted(entry.says)}`;
    }),
  ]);
  const operands = commands.flatMap(({ name, operandChoices }) =>
    operandChoices === undefined
      ? []
      : [`complete -c lazarus -n '__fish_seen_subcommand_from ${name}' -f -a ${singleQuoted(operandChoices.join(" "))}`],
  );
  const alone = ["help", "version"].map((name) => `complete -c lazarus -n __fish_use_subcommand -l ${name}`);
  return `${[...alone, ...lines, ...operands].join("\n")}\n`;
}

function fishValues(entry: Option): string {
  const words = wordsOf(entry);
  if (words === "") return " -r";
  if (entry.severalWords) return ` -x -a ${singleQuoted(`(__fish_append , ${words})`)}`;
  return `${entry.choices === undefined ? " -r" : " -x"} -a ${singleQuoted(words)}`;
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
