//! Which contents are read, as an option says it.

use std::{fmt, str::FromStr};

use markerbed_host::workspace::{CheckData, DataSlice};

use crate::{failure::Failure, inputs::Inputs};

/// All contents, one of so many slices, or a share that is drawn by lot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ReadData {
    /// All of them.
    All,
    /// One of so many slices that together are all; counted from 1.
    Slice {
        /// Which.
        number: u32,
        /// Of how many.
        of: u32,
    },
    /// About so many in a hundred.
    Percent(u32),
}

impl ReadData {
    /// What a check shall read; a share is another one each time.
    ///
    /// # Errors
    ///
    /// If the system has no random bytes to draw with.
    pub(crate) fn draw(self, inputs: &mut Inputs) -> Result<CheckData, Failure> {
        let slice = match self {
            Self::All => return Ok(CheckData::Read),
            Self::Slice { number, of } => DataSlice::nth(number, of),
            Self::Percent(percent) => {
                DataSlice::share(percent, u64::from_le_bytes(inputs.random()?))
            }
        };
        // What is no slice was refused when it was parsed.
        Ok(slice.map_or(CheckData::Read, CheckData::Slice))
    }
}

impl FromStr for ReadData {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|number| is_plain && *number > 0)
        };
        let found = match text.strip_suffix('%') {
            Some("100") => Some(Self::All),
            Some(percent) => number(percent).filter(|percent| *percent < 100).map(Self::Percent),
            None => text.split_once('/').and_then(|(nth, of)| {
                let (nth, of) = (number(nth)?, number(of)?);
                (nth <= of).then_some(Self::Slice { number: nth, of })
            }),
        };
        found.ok_or("a slice is written as 3/10, the third of ten, or as 5%, from 1% to 100%")
    }
}

impl fmt::Display for ReadData {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str("100%"),
            Self::Slice { number, of } => write!(out, "{number}/{of}"),
            Self::Percent(percent) => write!(out, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_read_as_it_is_written() {
        for text in ["1/1", "3/10", "10/10", "1%", "99%", "100%"] {
            assert_eq!(text.parse::<ReadData>().unwrap().to_string(), text);
        }
        assert_eq!("100%".parse(), Ok(ReadData::All));
    }

    #[test]
    fn what_is_no_slice_is_refused() {
        for text in
            ["", "%", "/", "0%", "101%", "0/3", "4/3", "1/", "/3", "3", "+1/3", "1/3%", "-1%"]
        {
            assert!(text.parse::<ReadData>().is_err(), "{text}");
        }
    }
}
