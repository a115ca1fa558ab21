# Scenario files into rows of struct scenario_builtin: {"name", "text line by line"},
FNR == 1 {
	if (NR > 1)
		print "},"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.conf$/, "", name)
	print "{\"" name "\","
}
{
	gsub(/[\\"]/, "\\\\&")
	print "\"" $0 "\\n\""
}
END { print "}," }
