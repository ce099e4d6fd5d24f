#pragma once

// The message types that may stand in a typed_config, by name. Any thread.

#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

inline constexpr std::string_view TypeUrlPrefix = "type.googleapis.com/";

// The kind of extension whose settings stand in the typed_config of that message, by what its types
// begin with: "weir.extensions.http." of http_filters. Empty: no kind is asked for. Static storage.
std::string_view extensionKindIn(std::string_view message);

// What a type of ours is and where it stands: "an HTTP filter: it belongs in http_filters". Empty
// for a type of no such kind.
std::string extensionPlace(std::string_view type);

// What is wrong with a type that is not among `known`: the one that was probably meant, and where
// that belongs if it is not of the kind that is wanted (as extensionKindIn() says; empty: any). Or,
// for a type of ours, that it is not part of this build; and which types of the kind are.
std::string unknownTypeMessage(std::string_view type, const std::vector<std::string>& known,
                               std::string_view wanted);

}  // namespace weir::config
