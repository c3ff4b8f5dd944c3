# What a signal handler reaches, for t/house.sh: prints each call that is neither a
# function of the same file nor in signal-safety(7), and "no handler" if there is
# none in all the files (then this script has gone blind).
BEGIN {
	split("siglongjmp sigaction raise mmap write _exit kill", names, " ")
	for (i in names)
		safe[names[i]] = 1
	# another handler; and what is no call
	split("sa_sigaction if while for switch return sizeof", names, " ")
	for (i in names)
		safe[names[i]] = 1
}
FNR == 1 {
	look()
	file = FILENAME
}
/^[a-z_][a-z0-9_]*\(/ && !/;$/ { # KNF: the name of a definition begins its line
	name = $0
	sub(/\(.*/, "", name)
	next
}
/^}/ { name = "" }
{
	line = $0
	if (match(line, /sa_(handler|sigaction) = [a-z_]+/)) {
		h = substr(line, RSTART, RLENGTH)
		sub(/.* /, "", h)
		handler[h] = 1
	} else if (match(line, /[^a-z_]signal\([A-Z0-9a-z_\[\]]+, [a-z_]+\)/)) {
		h = substr(line, RSTART, RLENGTH - 1)
		sub(/.* /, "", h)
		handler[h] = 1
	}
	while (name != "" && match(line, /[a-z_][a-z0-9_]*\(/)) {
		calls[name] = calls[name] " " substr(line, RSTART, RLENGTH - 1)
		line = substr(line, RSTART + RLENGTH)
	}
	if (name != "")
		defined[name] = 1
}
function reach(f,    n, called, i) {
	if (f in seen)
		return
	seen[f] = 1
	n = split(calls[f], called, " ")
	for (i = 1; i <= n; i++) {
		if (called[i] in defined)
			reach(called[i])
		else if (!(called[i] in safe))
			print file ": a signal handler reaches " called[i]
	}
}
function look(    h) {
	for (h in handler) {
		found++
		if (h in defined)
			reach(h)
		else
			print file ": " h " is not of this file"
	}
	delete handler
	delete calls
	delete defined
	delete seen
}
END {
	look()
	if (found == 0)
		print "no handler"
}
