# SPDX-License-Identifier: Apache-2.0
#
# Turns the output of `go test -json` back into that of `go test`: packages'
# closing lines as they come, and what failing tests printed. Lines that are no
# test events pass through. Writes each skipped test to the file named by the
# variable skips: PACKAGE/TEST, a tab, the reason it gave.

# value of a string field of the event on this line, as it was printed
function field(name,    start, rest, out, c, n) {
	start = index($0, "\"" name "\":\"")
	if (!start) return ""
	rest = substr($0, start + length(name) + 4)
	out = ""
	while ((n = match(rest, /["\\]/)) > 0) {
		out = out substr(rest, 1, n - 1)
		if (substr(rest, n, 1) == "\"") return out
		c = substr(rest, n + 1, 1)
		rest = substr(rest, n + 2)
		if (c == "n") out = out "\n"
		else if (c == "t") out = out "\t"
		else if (c == "u") {
			c = substr(rest, 1, 4)
			rest = substr(rest, 5)
			out = out (c == "003c" ? "<" : c == "003e" ? ">" : c == "0026" ? "&" : "?")
		} else out = out c
	}
	return out
}

!/^{.*"Action":"/ { print; fflush(); next }

{
	action = field("Action")
	key = field("Package") "/" field("Test")
}

action == "build-output" { printf "%s", field("Output"); next }

action == "output" {
	text = field("Output")
	if (field("Test") != "") {
		if (text !~ /^=== /) said[key] = said[key] text
	} else if (text ~ /^(ok|FAIL|---|panic:|fatal|exit status|coverage)/ || text ~ /\[(build|setup) failed\]/) {
		printf "%s", text
		fflush()
	} else if (text !~ /^(PASS|\?|testing: warning)/) other[key] = other[key] text
	next
}

action == "fail" && field("Test") == "" { printf "%s", other[key]; fflush() }
action == "fail" && field("Test") != "" { printf "%s", said[key]; fflush() }

action == "skip" && field("Test") != "" {
	reason = said[key]
	sub(/--- SKIP:.*/, "", reason)
	gsub(/[ \t\n]+/, " ", reason)
	print key "\t" reason > skips
}

action == "pass" || action == "fail" || action == "skip" { delete said[key]; delete other[key] }
