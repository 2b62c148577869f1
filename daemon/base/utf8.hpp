// Strict UTF-8: what names in modules, paths of modules and text on the bus have to be.
#pragma once

#include <cstddef>
#include <string_view>

namespace slack {

// Well-formed is what table 3-7 of the Unicode standard lists: no overlong forms, no surrogates, nothing above
// U+10FFFF.

// Bytes of the well-formed sequence at the front of `text`; 0 if there is none.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text);
// Bytes of the longest prefix that is well-formed; text.size() where all of it is.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text);
// Whether a well-formed sequence drives the terminal that shows it in place of being shown: the controls of ASCII and
// of Latin-1 (C0, DEL, C1), and the marks that turn the direction of the text around them (Unicode's Bidi_Control),
// which make a name read as another one.
[[nodiscard]] bool is_control(std::string_view sequence);

}  // namespace slack
