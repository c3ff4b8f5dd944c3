# From a trace (strace -f) to points: "NAME N" for each call that changes the
# disk, from READY on, NAME's N-th call of the process. After OK too: what
# follows it must do no harm either.
{ sub(/^[0-9]+ +/, "") }
!match($0, /^[a-z0-9_]+\(/) { next }
{
	name = substr($0, 1, RLENGTH - 1)
	count[name]++
}
name == "write" && /^write\(1, "READY/ { ready = 1; next }
!ready || (name == "openat" && !/O_CREAT|O_TRUNC/) { next }
# errors: those calls only that can fail for the given reason
ERRORS && name ~ /^(unlink|rmdir|fchmod)/ { next }
ERRORS && /^write\(1, / { next }
{ print name, count[name] }
