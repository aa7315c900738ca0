# Joins the files that sql/order names into the install script. In create_candle_tables.sql, lines "-- @objects FILES" become
# the objects of these files, as rows of a VALUES list (kind, name, needs, ddl). An object is what follows a line
# "-- @KIND NAME", up to the next one; "-- needs COLUMNS", on lines of its own, names what a table must have that is there
# already. After "-- @function A, B" both functions have the one definition. The lines after "-- @macro NAME" stand wherever the
# file says "-- @NAME" later.
#
#   awk -v folder=../sql -f join.awk ../sql/order

function finish(   i, names, ddl) {
    if (kind == "") return
    if (kind == "macro") {
        macros[name] = body
        kind = needs = body = ""
        return
    }
    sub(/^ +/, "", needs)
    gsub(/, */, ",", needs)
    n = split(name, names, /, */)
    for (i = 1; i <= n; i++) {
        ddl = body
        if (i > 1) gsub(names[1], names[i], ddl)
        printf "%s('%s', '%s', '{%s}'::text[], $ddl$\n%s$ddl$)", separator, kind, names[i], needs, ddl
        separator = ",\n"
    }
    kind = needs = body = ""
}

function objects(files,   count, i, path, line) {
    count = split(files, list, " ")
    for (i = 1; i <= count; i++) {
        path = folder "/" list[i]
        while ((status = (getline line < path)) > 0) {
            if (line ~ /^-- @[a-z]+ /) {
                finish()
                kind = line; sub(/^-- @/, "", kind); sub(/ .*/, "", kind)
                name = line; sub(/^-- @[a-z]+ /, "", name)
                reading_needs = 0
            } else if (kind != "" && body == "" && (line ~ /^-- needs / || reading_needs && line ~ /^-- /)) {
                sub(/^-- (needs )?/, "", line)
                needs = needs " " line
                reading_needs = 1
            } else if (kind != "" && (body != "" || line != "")) {
                reading_needs = 0
                macro = line
                body = body (sub(/^ *-- @/, "", macro) && macro in macros ? macros[macro] : line "\n")
            }
        }
        if (status < 0) { print "cannot read " path > "/dev/stderr"; exit 1 }
        close(path)
        finish()
    }
}

/^#/ || NF == 0 { next }
{
    path = folder "/" $1
    while ((status = (getline line < path)) > 0)
        if (line ~ /^-- @objects /) {
            sub(/^-- @objects /, "", line)
            objects(line)
        } else {
            if (separator != "") print ""
            separator = ""
            print line
        }
    if (status < 0) { print "cannot read " path > "/dev/stderr"; exit 1 }
    close(path)
}
