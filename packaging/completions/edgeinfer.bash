# Completion for bash. The program itself knows its verbs and options: it is asked.
# Install as /usr/share/bash-completion/completions/edgeinfer

_edgeinfer() {
    local word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
    COMPREPLY=()
    # A word that is no option and no verb is a file, a model or a value: bash completes files by itself.
    [[ $COMP_CWORD -gt 1 && $word != -* ]] && return
    COMPREPLY=($(compgen -W "$("$1" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null | grep -v '^/\|^-?$')" -- "$word"))
}

complete -o default -F _edgeinfer edgeinfer
