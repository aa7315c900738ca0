# Turns the registry into C++ (target=cpp) or into the SQL of the window functions (target=sql).
function fail(text) { print FILENAME ":" FNR ": " text > "/dev/stderr"; exit 1 }
function class_name(name,   parts, count, i, result) {
    count = split(name, parts, "_")
    result = ""
    for (i = 1; i <= count; i++) result = result toupper(substr(parts[i], 1, 1)) substr(parts[i], 2)
    return result
}
BEGIN { rows = 0 }
/^#/ || NF == 0 { next }
NF != 5 { fail("a row has 5 fields: name inputs parameters first outputs") }
{
    name[rows] = $1; inputs[rows] = $2; parameters[rows] = $3; first[rows] = $4; outputs[rows] = $5
    rows++
}

function emit_cpp(   r, i, count, part, limits, pieces, rules, order, names, windows, letters, body) {
    print "// Generated from extension/kernels/registry by registry.awk."
    print "#include \"kernels/column_name.hpp\""
    print "#include \"kernels/plan.hpp\""
    for (r = 0; r < rows; r++) print "#include \"kernels/" name[r] ".hpp\""
    print "\nnamespace pg_candle {\nnamespace {\n"
    print "template <class K>\nKernel& build(Plan& plan, const Parameters& parameters) { return plan.share<K>(parameters); }\n"
    for (r = 0; r < rows; r++) {
        rules = ""; order[r] = "false"; body = ""; rule_count[r] = 0
        count = parameters[r] == "-" ? 0 : split(parameters[r], part, ",")
        for (i = 1; i <= count; i++) {
            if (part[i] ~ /</) { order[r] = "true"; continue }
            if (split(part[i], pieces, /[:~]/) != 2 || split(pieces[2], limits, /\.\./) != 2) fail("parameter " part[i])
            rules = rules "    {\"" pieces[1] "\", " limits[1] ", " limits[2] ", " (part[i] ~ /~/ ? "true" : "false") "},\n"
            if (first[r] ~ ("(^|[^a-z])" pieces[1] "([^a-z]|$)"))
                body = body "    const std::int64_t " pieces[1] " = p.integer(" rule_count[r] ");\n"
            rule_count[r]++
        }
        if (rule_count[r] > 0) print "constexpr ParameterRule rules_" name[r] "[] = {\n" rules "};"
        print "std::int64_t first_" name[r] "([[maybe_unused]] const Parameters& p) noexcept {\n" body \
              "    return " (first[r] == "later" ? "-1" : first[r]) ";\n}"
        names = ""; windows = ""
        count = split(outputs[r], part, ",")
        for (i = 1; i <= count; i++) {
            split(part[i], pieces, "=")
            names = names "\"" pieces[1] "\", "
            windows = windows "\"" (pieces[2] != "" ? pieces[2] : pieces[1]) "\", "
        }
        print "constexpr std::string_view outputs_" name[r] "[] = {" names "};"
        if (inputs[r] != "-") print "constexpr std::string_view windows_" name[r] "[] = {" windows "};"
    }
    print "\nconstexpr Indicator registry[] = {"
    for (r = 0; r < rows; r++) {
        letters = ""
        count = inputs[r] == "-" ? 0 : split(inputs[r], part, ",")
        for (i = 1; i <= count; i++) letters = letters substr(part[i], 1, 1)
        print "    {\"" name[r] "\", " (rule_count[r] > 0 ? "rules_" name[r] : "{}") ", outputs_" name[r] ", " \
              (inputs[r] == "-" ? "{}" : "windows_" name[r]) ", \"" letters "\", " order[r] ", first_" name[r] \
              ", build<" class_name(name[r]) ">},"
    }
    print "};\n\n}  // namespace\n\nstd::span<const Indicator> indicators() noexcept { return registry; }\n\n}  // namespace pg_candle"
}

function emit_sql(   r, i, count, part, pieces, arguments, types, window, number) {
    print "-- Window functions, generated from extension/kernels/registry by registry.awk."
    for (r = 0; r < rows; r++) {
        if (inputs[r] == "-") continue
        arguments = ""; types = ""
        count = split(inputs[r], part, ",")
        for (i = 1; i <= count; i++) {
            arguments = arguments (i > 1 ? ", " : "") (count == 1 && part[i] == "close" ? "x" : part[i]) " float8"
            types = types (i > 1 ? ", " : "") "float8"
        }
        count = parameters[r] == "-" ? 0 : split(parameters[r], part, ",")
        for (i = 1; i <= count; i++) {
            if (part[i] ~ /</) continue
            split(part[i], pieces, /[:~]/)
            number = part[i] ~ /~/ ? "float8" : "integer"
            arguments = arguments ", " pieces[1] " " number
            types = types ", " number
        }
        count = split(outputs[r], part, ",")
        for (i = 1; i <= count; i++) {
            split(part[i], pieces, "=")
            window = pieces[2] != "" ? pieces[2] : pieces[1]
            print "\nCREATE FUNCTION @extschema@." window "(" arguments ") RETURNS float8\n" \
                  "    AS 'MODULE_PATHNAME', 'pg_candle_window' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE COST 10;"
            print "COMMENT ON FUNCTION @extschema@." window "(" types ") IS\n" \
                  "    'window function: the indicator " pieces[1] " over the rows of the partition in their order, streaming; the frame is ignored';"
        }
    }
}

END { if (target == "cpp") emit_cpp(); else emit_sql() }
