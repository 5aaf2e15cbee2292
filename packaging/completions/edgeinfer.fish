# Completion for fish. The program itself knows its verbs and options: it is asked.
# Install as /usr/share/fish/vendor_completions.d/edgeinfer.fish

function __edgeinfer_known
    set -l line (commandline -p)
    edgeinfer "[suggest:"(commandline -pC)"]" "$line" 2>/dev/null | string match -v -r '^/|^-\?$'
end

# The first word is a verb; after it a word that begins with a dash is an option, and any other a file, a model or a value.
complete -c edgeinfer -f -n 'test (count (commandline -poc)) -le 1' -a '(__edgeinfer_known)'
complete -c edgeinfer -n 'string match -q -- "-*" (commandline -ct)' -a '(__edgeinfer_known)'
