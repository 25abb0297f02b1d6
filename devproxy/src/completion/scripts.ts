/** The shells that can complete commands. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof SHELLS)[number];

// Each script runs the program as the user typed it, with the hidden command `complete` and the words up to the cursor. It prints one
// candidate per line: the word, a tab, and a description. Without candidates, the shell completes file names.

/** Bash 3.2 or newer. Bash splits words at `=`, `:` and `@`, so the script joins them, and leaves out of each candidate what precedes the cursor's part. */
const BASH = `# bash completion of airudder-devproxy
_airudder_devproxy() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() i part gap value before quote
  for ((i = 0; i <= COMP_CWORD; i++)); do
    part=\${COMP_WORDS[i]}
    gap=\${line%%[![:space:]]*}
    if ((i == 0)); then line=\${line#*"$part"}; gap=" "
    elif ((i == COMP_CWORD)); then part=\${line#"$gap"}
    else line=\${line#*"$part"}; fi
    if [[ -n $gap ]]; then words+=("$part"); before=""
    else before=\${words[\${#words[@]}-1]}; words[\${#words[@]}-1]=$before$part; fi
  done
  # A word that is only a separator is kept; the candidate follows it.
  [[ $part == [=:]* ]] && before=$before$part
  before=\${before%@} # bash replaces the @ too
  quote=\${words[\${#words[@]}-1]:0:1}
  words=("\${words[@]//[\\"\\'\\\\]/}")
  before=\${before//[\\"\\'\\\\]/}
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    [[ $value == *[=:] ]] && compopt -o nospace 2>/dev/null
    value=\${value#"$before"}
    [[ -z $value ]] && continue
    [[ $quote == [\\"\\'] ]] || printf -v value %q "$value"
    COMPREPLY+=("$value")
  done < <("\${COMP_WORDS[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -o nosort -F _airudder_devproxy airudder-devproxy 2>/dev/null ||
  complete -o default -F _airudder_devproxy airudder-devproxy
`;

const ZSH = `#compdef airudder-devproxy
# zsh completion of airudder-devproxy
_airudder_devproxy() {
  local line value
  local -a values texts open_values open_texts
  for line in "\${(@f)$("\${words[1]}" complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}"; do
    value=\${line%%$'\\t'*}
    [[ -z $value ]] && continue
    if [[ $value == *[=:] ]]; then open_values+=("$value"); open_texts+=("\${line/$'\\t'/  -- }")
    else values+=("$value"); texts+=("\${line/$'\\t'/  -- }"); fi
  done
  (( $#values )) && compadd -V airudder -l -d texts -a values
  (( $#open_values )) && compadd -V airudder-open -l -S '' -d open_texts -a open_values
  (( $#values + $#open_values )) || _files
}
if [[ $funcstack[1] == _airudder_devproxy ]]; then
  _airudder_devproxy "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _airudder_devproxy airudder-devproxy
fi
`;

const FISH = `# fish completion of airudder-devproxy
function __airudder_devproxy_complete
  set -l words (commandline -opc)
  set -l program $words[1]
  set -e words[1]
  set -l word (commandline -ct | string replace -ar '[\\'"\\\\\\\\]' '')
  set -l candidates ($program complete -- $words "$word" 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path "$word"
  end
end
complete -c airudder-devproxy -f -k -a '(__airudder_devproxy_complete)'
`;

/** Windows PowerShell 5 omits empty arguments, so an empty word becomes a space. A number sign begins a comment, so ids are quoted. */
const POWERSHELL = `# PowerShell completion of airudder-devproxy
Register-ArgumentCompleter -Native -CommandName 'airudder-devproxy', 'airudder-devproxy.cmd', 'airudder-devproxy.ps1' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @(foreach ($element in $commandAst.CommandElements) {
    if ($element.Extent.EndOffset -lt $cursorPosition) { $element.Extent.Text.Trim('"', "'") }
  })
  $word = $wordToComplete.Trim('"', "'")
  if ($word -eq '') { $word = ' ' }
  $rest = @($words | Select-Object -Skip 1)
  & $words[0] complete '--' @rest $word 2>$null | ForEach-Object {
    $value, $text = $_ -split "\`t", 2
    if (-not $text) { $text = $value }
    $quoted = if ($value -match '^[\\w-][\\w.:/=-]*$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
    [System.Management.Automation.CompletionResult]::new($quoted, $value, 'ParameterValue', $text)
  }
}
`;

const SCRIPTS: Record<Shell, string> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL };

/** The script that a shell loads to complete commands of the program. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
