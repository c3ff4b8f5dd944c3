# From a trace (strace -f -y) to events, one a line, paths relative to SITE,
# names that are never the same twice as TEMP, MSG or the like:
#	create PATH, write PATH, fsync PATH, fdatasync PATH, rename OLD NEW, ...
# from READY on (or a session's answer to r) to its OK (or the answer to go).
# Failed calls are left out, writes to one file in a row are one. What is written
# to the index does not count: it is never synced.
BEGIN { n = length(SITE) }

function path(s) {
	if (s == SITE)
		return "."
	if (substr(s, 1, n + 1) == SITE "/")
		s = substr(s, n + 2)
	gsub(/[0-9]+\.M[0-9]+P[0-9]+_corkboard[0-9]+/, "TEMP", s)
	gsub(/[0-9]+\.M[0-9]+[^\/:]*/, "MSG", s)
	return s
}

# cuts the next path argument off "rest": a descriptor, and a name if one is due
function take(named,   dir, name) {
	if (!match(rest, /<[^>]*>/))
		return ""
	dir = substr(rest, RSTART + 1, RLENGTH - 2)
	rest = substr(rest, RSTART + RLENGTH)
	if (!named)
		return path(dir)
	match(rest, /"[^"]*"/)
	name = substr(rest, RSTART + 1, RLENGTH - 2)
	rest = substr(rest, RSTART + RLENGTH)
	if (name == ".")
		return path(dir)
	return path(name ~ /^\// ? name : dir "/" name)
}

function event(s) {
	if (s ~ /^(write|create|mkdir|ftruncate|unlink) corkboard\/index(\/|$)/ ||
	    s ~ /^create (corkboard\/modseq.lock|\/proc\/self\/fd\/[0-9]+\/(data|lock).mdb)$/)
		return
	if (ready && (s != last || s !~ /^(write|remove) /))
		print s
	last = s
}

{
	sub(/^[0-9]+ +/, "")
	if ($0 ~ /= -1 E[A-Z]+/ || !match($0, /^[a-z0-9_]+\(/))
		next
	name = substr($0, 1, RLENGTH - 1)
	rest = substr($0, RLENGTH + 1)
}
name == "write" && /^write\(1<?[^,]*, "READY/ { ready = 1; last = ""; next }
name == "write" && /^write\(1<?[^,]*, "OK/ { event("OK"); next }
name == "write" && /^write\(1<?[^,]*, "NO/ { event("NO"); next }
name == "sendto" {
	if (/^sendto\(1<?[^,]*, "([^"]*\\n)?r OK/)
		ready = 1
	else if (match($0, /[\\n"]go (OK|NO|BAD)/)) {
		event(substr($0, RSTART + 4, RLENGTH - 4))
		ready = 0
	}
	last = ""
	next
}
name == "openat" {
	if (/O_CREAT/)
		event("create " take(1))
	else if (/O_TRUNC/)
		event("truncate " take(1))
	next
}
name ~ /^(p?writev?(64)?|copy_file_range|sendfile)$/ {
	if (name == "copy_file_range")
		take(0)
	event("write " take(0))
	next
}
name ~ /^(fsync|fdatasync|syncfs|ftruncate|fallocate|fchmod)$/ {
	event(name " " take(0))
	next
}
name == "utimensat" { next }
name ~ /^(renameat2?|linkat)$/ {
	from = take(1)
	event((name == "linkat" ? "link " : "rename ") from " " take(1))
	next
}
name ~ /^(unlinkat|mkdirat|symlinkat)$/ {
	verb = name
	sub(/at$/, "", verb)
	if (/AT_REMOVEDIR/)
		verb = "rmdir"
	at = take(1)
	# in whatever order readdir gives them
	if (at ~ /^corkboard\/removing\.TEMP/ && verb != "mkdir")
		event("remove " substr(at, 1, length("corkboard/removing.TEMP")))
	else
		event(verb " " at)
	next
}
{ event("UNKNOWN " $0) }
