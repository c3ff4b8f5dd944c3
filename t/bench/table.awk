# The result of a run as one table: a row per figure, a column per server with
# the median, the spread, the server's CPU and peak; then the ratios to ours.
BEGIN {
	FS = "\t"
	n = split(servers, server, " ")
}
{
	if (!($2 in seen)) {
		seen[$2] = ++figures
		figure[figures] = $2
		unit[$2] = $4
	}
	k = $2 SUBSEP $1
	note[k] = $7
	if ($3 + 0 < 0)
		next
	c = ++count[k]
	value[k, c] = $3
	cpu[k, c] = $5
	peak[k] = $6 > peak[k] ? $6 : peak[k]
}
function median(v, k, n,    i, j, t, a) {
	for (i = 1; i <= n; i++)
		a[i] = v[k, i] + 0
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j] < a[j - 1]; j--) {
			t = a[j]
			a[j] = a[j - 1]
			a[j - 1] = t
		}
	low = a[1]
	high = a[n]
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}
function short(x) {
	if (x >= 1000)
		return sprintf("%d", x + .5)
	return sprintf("%.3g", x)
}
END {
	line = "| figure | unit |"
	rule = "|---|---|"
	for (i = 1; i <= n; i++) {
		line = line " " server[i] " |"
		rule = rule "---|"
	}
	for (i = 2; i <= n; i++) {
		line = line " ours/" server[i] " |"
		rule = rule "---|"
	}
	print line
	print rule
	for (f = 1; f <= figures; f++) {
		line = "| " figure[f] " | " unit[figure[f]] " |"
		for (i = 1; i <= n; i++) {
			k = figure[f] SUBSEP server[i]
			if (!count[k]) {
				line = line " " note[k] " |"
				continue
			}
			mid[i] = median(value, k, count[k])
			line = line " " short(mid[i])
			if (count[k] > 1)
				line = line " (" short(low) "-" short(high) ")"
			c = median(cpu, k, count[k])
			if (c >= 0)
				line = line ", cpu " short(c) " ms"
			if (peak[k] > 0)
				line = line ", " short(peak[k]) " MB"
			if (note[k] != "")
				line = line "; " note[k]
			line = line " |"
		}
		for (i = 2; i <= n; i++) {
			k = figure[f] SUBSEP server[i]
			a = figure[f] SUBSEP server[1]
			if (count[k] && count[a] && mid[i] > 0)
				line = line " " short(mid[1] / mid[i]) " |"
			else
				line = line "  |"
		}
		print line
	}
}
