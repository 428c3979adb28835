//! Names and paths on a terminal, which must not take orders from them (NAME-8).

use core::fmt::{self, Write};

/// Displays raw bytes so that nothing in them acts on a terminal or hides.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(&'a [u8]);

impl<'a> Shown<'a> {
    /// Shows `bytes`: a name, a path, a symlink's target.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\\' => out.write_str("\\\\")?,
                    _ if is_hidden(character) => {
                        write_hex(out, character.encode_utf8(&mut [0; 4]).as_bytes())?;
                    }
                    _ => out.write_char(character)?,
                }
            }
            write_hex(out, chunk.invalid())?;
        }
        Ok(())
    }
}

/// Tells whether a terminal would act on the character or show nothing of it.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}')
}

fn write_hex(out: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "\\x{byte:02x}"))
}
