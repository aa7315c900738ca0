// pgcandle completion and pgcandle manual: what a shell or man needs, made from the commands themselves.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "commands/context.hpp"
#include "model/version.hpp"

namespace pg_candle::commands {
namespace {

/// A command with the words that lead to it: {"watch", "add"}; the program itself has none.
struct NamedCommand {
    const CLI::App* app;
    std::vector<std::string> path;
};

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
    std::vector<const CLI::App*> list;
    for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) list.push_back(one);
    return list;
}

/// The program and everything below, in the order of --help.
std::vector<NamedCommand> all_commands(const CLI::App& app, std::vector<std::string> path = {}) {
    std::vector<NamedCommand> list{{&app, path}};
    for (const CLI::App* one : subcommands(app)) {
        path.push_back(one->get_name());
        for (NamedCommand& below : all_commands(*one, path)) list.push_back(std::move(below));
        path.pop_back();
    }
    return list;
}

std::vector<const CLI::Option*> options(const CLI::App& app) {
    return app.get_options([](const CLI::Option* one) { return one->nonpositional(); });
}

bool takes_value(const CLI::Option& option) { return option.get_expected_max() > 0; }

/// With dashes: -q --quiet.
std::vector<std::string> spellings(const CLI::Option& option) {
    std::vector<std::string> list;
    for (const std::string& one : option.get_snames()) list.push_back("-" + one);
    for (const std::string& one : option.get_lnames()) list.push_back("--" + one);
    return list;
}

/// Each of these characters with a backslash before it.
std::string escaped(const std::string& text, const std::string& special) {
    std::string result;
    for (const char c : text) {
        if (special.find(c) != special.npos) result += '\\';
        result += c;
    }
    return result;
}

/// In single quotes of a shell.
std::string shell_quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) c == '\'' ? result += "'\\''" : result += c;
    return result + "'";
}

/// The names of subcommands and options that may follow; those of the program go with every command.
std::string words(const NamedCommand& command, const CLI::App& program) {
    std::vector<std::string> list;
    for (const CLI::App* one : subcommands(*command.app)) list.push_back(one->get_name());
    for (const CLI::App* app : {command.app, &program}) {
        for (const CLI::Option* option : options(*app))
            for (const std::string& name : spellings(*option)) list.push_back(name);
        if (command.app == &program) break;
    }
    return joined(list, " ");
}

/// The pattern of all words that lead to a command: /init|/watch|/watch/add.
std::string paths(const std::vector<NamedCommand>& commands) {
    std::string pattern;
    for (const NamedCommand& one : commands)
        if (!one.path.empty()) pattern += (pattern.empty() ? "/" : "|/") + joined(one.path, "/");
    return pattern;
}

// Both walk the words that were typed as far as they are names of commands, and offer what follows.
void print_bash(const CLI::App& program) {
    const std::vector<NamedCommand> commands = all_commands(program);
    printf(
        "# bash completion of pgcandle\n_pgcandle() {\n    local path= i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n        case \"$path/${COMP_WORDS[i]}\" in\n"
        "        %s) path=\"$path/${COMP_WORDS[i]}\" ;;\n        esac\n    done\n    case \"$path\" in\n",
        paths(commands).c_str());
    for (const NamedCommand& one : commands)
        printf("    \"%s%s\") COMPREPLY=($(compgen -W \"%s\" -- \"${COMP_WORDS[COMP_CWORD]}\")) ;;\n",
               one.path.empty() ? "" : "/", joined(one.path, "/").c_str(), words(one, program).c_str());
    printf("    esac\n}\ncomplete -o default -F _pgcandle pgcandle\n");
}

void print_zsh(const CLI::App& program) {
    const std::vector<NamedCommand> commands = all_commands(program);
    printf(
        "#compdef pgcandle\nlocal path_= i\nlocal -a commands options\nfor ((i = 2; i < CURRENT; i++)); do\n"
        "    case \"$path_/${words[i]}\" in\n    %s) path_=\"$path_/${words[i]}\" ;;\n    esac\ndone\ncase \"$path_\" "
        "in\n",
        paths(commands).c_str());
    const auto item = [](const std::string& name, const std::string& text) {
        printf(" %s", shell_quoted(escaped(name, ":") + ":" + text).c_str());
    };
    for (const NamedCommand& one : commands) {
        printf("\"%s%s\")\n    commands=(", one.path.empty() ? "" : "/", joined(one.path, "/").c_str());
        for (const CLI::App* below : subcommands(*one.app)) item(below->get_name(), below->get_description());
        printf(")\n    options=(");
        for (const CLI::App* app : {one.app, &program}) {
            for (const CLI::Option* option : options(*app))
                for (const std::string& name : spellings(*option)) item(name, option->get_description());
            if (one.app == &program) break;
        }
        printf(")\n    ;;\n");
    }
    printf(
        "esac\nif [[ ${words[CURRENT]} == -* ]]; then\n    _describe option options\n"
        "elif ((${#commands})); then\n    _describe command commands\nelse\n    _files\nfi\n");
}

void print_fish(const CLI::App& program) {
    printf("# fish completion of pgcandle\n");
    for (const NamedCommand& one : all_commands(program)) {
        std::string condition;
        for (const std::string& word : one.path)
            condition += (condition.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
        std::vector<std::string> below;
        for (const CLI::App* sub : subcommands(*one.app)) below.push_back(sub->get_name());
        std::string begin = condition;
        if (!below.empty())
            begin += (begin.empty() ? "" : "; and ") + ("not __fish_seen_subcommand_from " + joined(below, " "));
        for (const CLI::App* sub : subcommands(*one.app))
            printf("complete -c pgcandle -f -n %s -a %s -d %s\n", shell_quoted(begin).c_str(), sub->get_name().c_str(),
                   shell_quoted(sub->get_description()).c_str());
        for (const CLI::Option* option : options(*one.app)) {
            printf("complete -c pgcandle%s%s", condition.empty() ? "" : " -n ",
                   condition.empty() ? "" : shell_quoted(condition).c_str());
            for (const std::string& name : option->get_snames()) printf(" -s %s", name.c_str());
            for (const std::string& name : option->get_lnames()) printf(" -l %s", name.c_str());
            printf("%s -d %s\n", takes_value(*option) ? " -r" : "", shell_quoted(option->get_description()).c_str());
        }
    }
}

/// Text of a manual page: no character of it is a command of roff.
std::string roff(const std::string& text) {
    std::string result = escaped(text, "\\-");
    if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
    return result;
}

void print_option(const CLI::Option& option) {
    std::string names = joined(spellings(option), ", ");
    if (!option.nonpositional()) names = option.get_name(true);
    printf(".TP\n.B %s%s\n%s", roff(names).c_str(),
           option.nonpositional() && takes_value(option) ? " \\fIVALUE\\fR" : "",
           roff(option.get_description()).c_str());
    if (!option.get_default_str().empty()) printf(" (default %s)", roff(option.get_default_str()).c_str());
    if (!option.get_envname().empty()) printf(" (environment: %s)", roff(option.get_envname()).c_str());
    printf("\n");
}

void print_manual(const CLI::App& program) {
    printf(
        ".TH PGCANDLE 1 \"\" \"pgcandle %s\" \"pg_candle\"\n.SH NAME\npgcandle \\- market data of Upstox in "
        "PostgreSQL\n"
        ".SH SYNOPSIS\n.B pgcandle\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n.SH DESCRIPTION\n%s\n"
        ".SH OPTIONS\nThey may stand before or behind the command.\n",
        PG_CANDLE_VERSION, roff(program.get_description()).c_str());
    for (const CLI::Option* option : options(program)) print_option(*option);
    printf(".SH COMMANDS\n");
    for (const NamedCommand& one : all_commands(program)) {
        if (one.path.empty()) continue;
        printf(".SS %s\n%s.\n", roff("pgcandle " + joined(one.path, " ")).c_str(),
               roff(one.app->get_description()).c_str());
        for (const CLI::Option* option : one.app->get_options())
            if (option->get_name() != "--help") print_option(*option);
        if (!one.app->get_footer().empty()) printf(".P\n%s\n", roff(one.app->get_footer()).c_str());
    }
}

}  // namespace

void add_completion(Command& program, Context&) {
    Command command =
        program.subcommand("completion", "Prints the completion script of a shell").require_subcommand(1, 1);
    CLI::App& app = program.app();
    const auto add = [&](const char* name, const char* text, void (*print)(const CLI::App&)) {
        command.subcommand(name, text).callback([&app, print] { print(app); });
    };
    add("bash", "For bash: put it into share/bash-completion/completions/pgcandle", print_bash);
    add("zsh", "For zsh: put it as _pgcandle into a folder of fpath", print_zsh);
    add("fish", "For fish: put it into share/fish/vendor_completions.d/pgcandle.fish", print_fish);
    program.subcommand("manual", "Prints the manual page: pgcandle manual | man -l -").callback([&app] {
        print_manual(app);
    });
}

}  // namespace pg_candle::commands
