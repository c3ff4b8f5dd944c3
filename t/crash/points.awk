# From a trace (strace -f) to points: "NAME N" for calls from READY on, NAME's
# N-th call of the process. KIND: signal for all that change the disk (those
# after OK too: they must do no harm either), error for those of them that can
# fail for the reason given, read for those that only look.
{ sub(/^[0-9]+ +/, "") }
!match($0, /^[a-z0-9_]+\(/) { next }
{
	name = substr($0, 1, RLENGTH - 1)
	count[name]++
	looks = name ~ /^(p?read(64)?|getdents64|newfstatat|statx|flock)$/ ||
	    (name == "openat" && !/O_CREAT|O_TRUNC/)
}
name == "write" && /^write\(1, "READY/ { ready = 1; next }
name == "write" && /^write\(1, / && KIND != "signal" { ended = 1 }
!ready || ended { next }
looks != (KIND == "read") { next }
KIND == "error" && name ~ /^(unlink|rmdir|fchmod)/ { next }
{ print name, count[name] }
