#!/bin/sh
# Starts a user's server, also in a home that is full: else nobody could sign in to delete what fills it.
#
# Jupyter writes at its start (runtime files, a mark in its configuration, IPython's profile), and ends when
# it cannot. Where the home takes no more, those places are moved to a volume that lives as long as the pod;
# what is already there is read as before. Reasons are on stderr: the pod's log.
set -u

scratch="${1:?the folder of the pod itself}"
shift

# By writing, and not by df: a quota, or a volume without room for one more name, shows in no number.
has_room() {
    tried="$HOME/.room-for-a-server-$$"
    { mkdir "$tried" && head -c 1048576 /dev/zero >"$tried/file"; } 2>/dev/null
    ended=$?
    rm -rf "$tried" 2>/dev/null
    return $ended
}

# Copies a folder of settings, if it is there: a few files, and people's own.
copied() {
    mkdir -p "$2"
    if [ -d "$1" ]; then cp -R "$1/." "$2/" 2>/dev/null || true; fi
}

move_out_of_the_home() {
    copied "$HOME/.jupyter" "$scratch/config"
    # Of IPython's profile all but its databases and logs: a history may be large.
    mkdir -p "$scratch/ipython/profile_default"
    for file in "$HOME"/.ipython/profile_default/*.py; do
        if [ -f "$file" ]; then cp "$file" "$scratch/ipython/profile_default/" || true; fi
    done
    copied "$HOME/.ipython/profile_default/startup" "$scratch/ipython/profile_default/startup"
    export JUPYTER_CONFIG_DIR="$scratch/config"
    # People's own kernels are still found.
    export JUPYTER_PATH="$HOME/.local/share/jupyter${JUPYTER_PATH:+:$JUPYTER_PATH}"
    export JUPYTER_DATA_DIR="$scratch/data"
    export IPYTHONDIR="$scratch/ipython"
    export XDG_CACHE_HOME="${TMPDIR:-/tmp}/cache"
    export HISTFILE="$scratch/shell-history"
    export HOME_IS_FULL=1
}

# Sockets, process numbers and keys of this very server: never of use to the next one.
export JUPYTER_RUNTIME_DIR="$scratch/runtime"
if ! has_room; then
    move_out_of_the_home
    echo "The home $HOME takes no more files. The server starts without writing there:" \
        "delete something, then stop and start the server." >&2
fi

exec "$@"
