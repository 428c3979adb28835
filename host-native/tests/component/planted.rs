//! Components that are wrong in one function: the right one, in which other code stands in its
//! place, byte for byte as long.

use std::ops::Range;

use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

/// The module that a component is made around.
pub(crate) struct Module {
    component: Vec<u8>,
    /// Functions that are imported, as `interface#function`; they are counted first.
    imported: Vec<String>,
    exported: Vec<(String, u32)>,
    /// Where the bodies of its own functions are.
    bodies: Vec<Range<usize>>,
}

impl Module {
    pub(crate) fn of(component: Vec<u8>) -> Self {
        let (mut imported, mut exported, mut bodies) = (Vec::new(), Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(&component) {
            match payload.unwrap() {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let import = import.unwrap();
                        if matches!(import.ty, TypeRef::Func(_)) {
                            imported.push(format!("{}#{}", import.module, import.name));
                        }
                    }
                }
                Payload::ExportSection(exports) => {
                    let exports = exports.into_iter().map(Result::unwrap);
                    let functions = exports.filter(|export| export.kind == ExternalKind::Func);
                    exported.extend(functions.map(|it| (it.name.to_owned(), it.index)));
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.range()),
                // What follows holds the first module together.
                Payload::End(_) if !bodies.is_empty() => break,
                _ => {}
            }
        }
        Self { component, imported, exported, bodies }
    }

    /// The number by which code calls what is imported.
    pub(crate) fn import(&self, interface: &str, function: &str) -> u32 {
        let name = format!("markerbed:engine/{interface}@0.1.0#{function}");
        let at = self.imported.iter().position(|imported| *imported == name);
        at.unwrap_or_else(|| panic!("{name}")) as u32
    }

    /// The component, in which the function that is exported does something else. Its results must
    /// be those that the code leaves; its locals are its arguments and one more of 32 bits.
    pub(crate) fn with(mut self, interface: &str, function: &str, code: &[u8]) -> Self {
        self.replace(&format!("markerbed:engine/{interface}@0.1.0#{function}"), code);
        self
    }

    /// As [`Self::with`], for a list that it answers: nothing of it is given back to where it was
    /// not taken from.
    pub(crate) fn with_list(self, interface: &str, function: &str, code: &[u8]) -> Self {
        let mut planted = self.with(interface, function, code);
        planted.replace(&format!("cabi_post_markerbed:engine/{interface}@0.1.0#{function}"), &[]);
        planted
    }

    /// The component, with other numbers where BLAKE3 begins: all its ids are others.
    pub(crate) fn hashing_otherwise(mut self) -> Self {
        let begins = [0x67, 0xe6, 0x09, 0x6a];
        let at = self.component.windows(4).enumerate().filter(|(_, window)| *window == begins);
        let at: Vec<usize> = at.map(|(at, _)| at).collect();
        assert!(!at.is_empty());
        at.into_iter().for_each(|at| self.component[at] ^= 1);
        self
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.component
    }

    fn replace(&mut self, name: &str, code: &[u8]) {
        let found = self.exported.iter().find(|(exported, _)| exported == name);
        let (_, index) = found.unwrap_or_else(|| panic!("{name}"));
        let at = self.bodies[*index as usize - self.imported.len()].clone();
        let body = &mut self.component[at];
        assert!(body.len() > ONE_LOCAL.len() + code.len(), "{name} has {} bytes", body.len());
        body.fill(NOP);
        body[..ONE_LOCAL.len()].copy_from_slice(ONE_LOCAL);
        let last = body.len() - 1;
        body[last - code.len()..last].copy_from_slice(code);
        body[last] = END;
    }
}

/// Stops.
pub(crate) const TRAP: &[u8] = &[0x00];

/// Answers zeros: the first case of each variant, empty lists, no ids.
pub(crate) const ZEROS: &[u8] = &[0x41, 0x01, 0x40, 0x00, 0x41, 0x10, 0x74];

/// Answers that it went well, and that there is something: an empty list. `arguments` is how many
/// numbers the function takes.
pub(crate) fn some_empty(arguments: u8) -> Vec<u8> {
    let mut code = ZEROS.to_vec();
    code.extend([0x22, arguments, 0x41, 0x01, 0x3a, 0x00, 0x08, 0x20, arguments]);
    code
}

/// Takes a list and answers one as long, of zeros.
pub(crate) const ZEROS_FOR_EACH: &[u8] = &[
    0x41, 0xc0, 0x00, 0x40, 0x00, 0x41, 0x10, 0x74, // 64 pages
    0x22, 0x02, 0x20, 0x02, 0x41, 0x10, 0x6a, 0x36, 0x02, 0x00, // where the list begins
    0x20, 0x02, 0x20, 0x01, 0x36, 0x02, 0x04, // how long it is
    0x20, 0x02,
];

const ONE_LOCAL: &[u8] = &[0x01, 0x01, 0x7f];
const NOP: u8 = 0x01;
const END: u8 = 0x0b;
