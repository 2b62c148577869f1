# Completion of slackctl for bash: verbs, options, modules, and the numbers of live runs.
_slackctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local verb=${COMP_WORDS[1]} word
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'run list stop prune status --help --version' -- "$current")
    return
  fi
  case $verb in
    run)
      case $previous in
        --report | --dir | --link)
          compopt -o filenames 2> /dev/null
          if [[ $previous == --dir ]]; then
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
          else
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
          fi
          return
          ;;
        --metering)
          mapfile -t COMPREPLY < <(compgen -W 'slacked counted none' -- "$current")
          return
          ;;
        --fuel | --wall | --cpu | --memory | --slack | --output | --env | --invoke)
          return
          ;;
      esac
      # After the module every word is the module's own.
      local before=
      for word in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
        # NAME=FILE of --link is three words here.
        if [[ $word == *.wasm && $before != = && $before != --link ]]; then
          compopt -o default 2> /dev/null
          return
        fi
        before=$word
      done
      if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--fuel --wall --cpu --memory --slack --output --dir --link --env --invoke
          --metering --no-cache --deterministic --measure --stream --keep-output --stats --report --private --system --help' -- "$current")
      else
        compopt -o filenames 2> /dev/null
        mapfile -t COMPREPLY < <(compgen -f -X '!*.wasm' -- "$current"; compgen -d -- "$current")
      fi
      ;;
    stop)
      mapfile -t COMPREPLY < <(compgen -W "--help $(slackctl list 2> /dev/null | awk 'NR > 1 { print $1 }')" -- "$current")
      ;;
    status | prune)
      mapfile -t COMPREPLY < <(compgen -W '--private --system --help' -- "$current")
      ;;
    list)
      mapfile -t COMPREPLY < <(compgen -W '--help' -- "$current")
      ;;
  esac
}
complete -F _slackctl slackctl
