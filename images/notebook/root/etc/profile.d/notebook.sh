# Login shells start from Debian's own PATH: terminals of the lab would not find the image's Python.
case ":$PATH:" in
    *:/opt/notebook/bin:*) ;;
    *) PATH="/opt/notebook/bin:$HOME/.local/bin:$PATH"; export PATH ;;
esac
# `touch ~/.hushlogin` silences it, as it does elsewhere.
case $- in
    *i*) [ -e "$HOME/.hushlogin" ] || welcome ;;
esac
