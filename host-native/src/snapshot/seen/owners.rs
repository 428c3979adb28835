//! The names of owners in a seen file: an attribute with a name that changed is another one.

use super::super::{owners::Owner, stamp::take};

/// Writes what an owner was called.
pub(super) fn put(owner: Owner, name: Option<&str>, out: &mut Vec<u8>) {
    let (tag, number) = match owner {
        Owner::User(number) => (USER, number),
        Owner::Group(number) => (GROUP, number),
    };
    out.push(tag);
    out.extend_from_slice(&number.to_le_bytes());
    // A name has 1 to 255 bytes.
    let name = name.unwrap_or_default();
    out.push(name.len() as u8);
    out.extend_from_slice(name.as_bytes());
}

/// Reads all of them; none where the bytes are none.
pub(super) fn take_all(mut input: &[u8]) -> Option<Vec<(Owner, Option<String>)>> {
    let mut owners = Vec::new();
    while !input.is_empty() {
        let [tag] = take(&mut input)?;
        let number = u32::from_le_bytes(take(&mut input)?);
        let [length] = take(&mut input)?;
        let (name, rest) = input.split_at_checked(usize::from(length))?;
        input = rest;
        let name = String::from_utf8(name.to_vec()).ok()?;
        let owner = match tag {
            USER => Owner::User(number),
            GROUP => Owner::Group(number),
            _ => return None,
        };
        owners.push((owner, Some(name).filter(|name| !name.is_empty())));
    }
    Some(owners)
}

const USER: u8 = 1;
const GROUP: u8 = 2;
