#include "daemon/token_gate.hpp"

#include <spdlog/spdlog.h>

#include "daemon/pause.hpp"
#include "ingest/provider_alerts.hpp"

namespace pg_candle::daemon {

using namespace std::chrono;

std::optional<upstox::Token> TokenGate::pass() {
    while (!ingest::Settings::stop()) {
        upstox::Token token = settings_.load_token();
        {
            const std::lock_guard lock(mutex_);
            if (refused_ && !token.same_as(*refused_)) forget("token renewed");
            if (!refused_) return token;
            if (now() - refused_at_ >= minutes{15}) {
                refused_at_ = now();
                return token;
            }
        }
        pause(milliseconds{500});
    }
    return {};
}

void TokenGate::refuse(const upstox::Token& token, const std::string& why) {
    const std::lock_guard lock(mutex_);
    refused_at_ = now();
    if (refused_) return;
    refused_ = token;
    spdlog::error("token refused=\"{}\" hint=\"{}\"", why, upstox::renewal(token));
    store::Connection connection = settings_.connect();
    ingest::note_refused(connection, token, why);
}

void TokenGate::accept(const upstox::Token& token) {
    const std::lock_guard lock(mutex_);
    if (refused_ && token.same_as(*refused_)) forget("token accepted again");
}

void TokenGate::forget(const char* what) {
    spdlog::info(what);
    store::Connection connection = settings_.connect();
    ingest::note_accepted(connection, *refused_);
    refused_.reset();
}

}  // namespace pg_candle::daemon
