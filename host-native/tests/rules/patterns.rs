//! Patterns that somebody could read in two ways, and names for them to match.

/// What lies in the directory of each pattern.
#[rustfmt::skip]
pub(crate) const NAMES: &[&[u8]] = &[
    b"foo", b"foo.o", b"Foo", b"foo.d/x", b"foobar", b"xfoo", b".foo", b"bar/foo", b"bar/foo.o",
    b"bar/baz/foo", b"bar/baz/foo.o", b"bar/baz/a/foo", b"docs/a.txt", b"docs/b/a.txt",
    b"docs/b/c/a.txt", b"x/y/z", b"x/y/foo/z", b"x/z", b"a", b"ab", b"abc", b"a-b", b"a b", b"a ",
    b"a\tb", b"{a,b}", b"#a", b"!a", b"a\\b", b"[a]", b"]", b"^", b"a*", b"a?", b"*", b"**",
    b"\xff", b"\xc3\xa9", b"a\xffb", b"x/\xff/a", b"1", b"12", b"A", b"~", b"a~", b"-", b"aa/b",
    b"foz", b"fox/q/z",
    b"FOO.d/x", b"fOo", b"foo ", b"foo  ", b"foo\t", b"foo\r", b"bar /x", b"\xef\xbb\xbffoo",
    b"\\", b"\\\\", b"\\a", b"a]", b"[", b"[a", b"[]", b"[ab]", b"--", b"-a", b"x-", b"^a", b"a^",
    b" ", b"  ", b" a", b"a\\ ", b"a\r", b"\r", b"a\nb", b"\n", b"\x7f", b"\x01", b"\x0b",
    b"!", b"!!a", b"a!", b"#", b"a#", b"$", b":", b"a:b", b"_", b"@", b"`", b"Z", b"a.", b"a.b.c",
    b"...", b"..a", b"e\xcc\x81", b"\xc3", b"\xf0\x9f", b"\xe2\x80\xae", b"0", b"9",
    b"p/q/r/s/t", b"p/q/s", b"p/s", b"q/**/z", b"q/*/z", b"q/?/z", b"q/z", b"z/[x]/y", b"z/x/y",
    b"z/\\x/y", b"w/foo/foo/foo", b"w/bar/foo/x", b"keep/me/here", b"keep/me/not", b"keep/not",
    b"long/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn",
];

/// Each is an ignore file, without its last line feed.
#[rustfmt::skip]
pub(crate) const PATTERNS: &[&[u8]] = &[
    // Names, slashes at either end and inside.
    b"foo", b"foo/", b"/foo", b"/foo/", b"foo/*", b"*.o", b"/*.o", b"*.txt", b"docs/*.txt",
    b"docs", b"/docs/b", b"b", b"b/", b"bar/baz", b"baz/foo", b"/bar/*/foo", b"bar/", b"x/y/",
    b"x/y/z/", b"x/z/", b"/", b"//", b"///", b"//foo", b"foo//", b"a//b", b"./foo", b"../foo",
    b"/./foo", b"foo/.", b"foo.d/..", b"a/", b"bar//foo", b"FOO", b"Foo", b"-", b"--", b"^", b"~",
    b"*~", b"...", b"..*", b":", b"a:b", b"$", b"@", b"foo.d/x/", b"keep/me",
    // `**` in every place.
    b"docs/**/a.txt", b"**/a.txt", b"**/b/a.txt", b"docs/**", b"/docs/**/", b"bar/**/foo",
    b"**/foo", b"**/foo/**", b"x/**/z", b"**", b"**/", b"/**", b"/**/", b"**/**", b"**/**/foo",
    b"a**b", b"a***", b"fo**/z", b"x/y**", b"x/**y/z", b"**foo", b"foo**", b"**.o", b"**/*.o",
    b"/**/foo", b"p/**/s", b"p/**/**/s", b"p/***/s", b"p/**/*/s", b"p/*/**/s", b"p/**/q/**/s",
    b"p/**s", b"p**/s", b"**p/s", b"p/**/", b"p/q/**/s/t", b"**/s/t", b"***/s", b"?**/s", b"[p]**",
    b"[p]**/s", b"p/[q]**/s", b"**\\/s", b"p/**\\/s", b"p\\/**", b"p\\/s", b"\\**", b"\\**/z",
    b"*\\*", b"q/\\*\\*/z", b"q/**/z", b"w/**/foo/foo", b"w/**/foo", b"**/foo/foo", b"**/**/**",
    b"x/**/z/", b"/**/b/**/a.txt", b"**/\\?/z",
    // Stars and question marks.
    b"*", b"/*", b"*/", b"/*/", b"*/*", b"x/*/z", b"*/foo", b"*/*/foo", b"a?", b"?", b"??", b"x?z",
    b"x*z", b"?\xff*", b"*a*", b"*?", b"?*", b"*?*?*", b"a*b*c", b"*/?", b"x/?/z", b"?/y", b"*.*",
    b"*.", b".*", b"*\\", b"*a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q*r*s*t*u*v*w*x*y*z*",
    b"n*n*n*n*n*n*n*n*n*n*n*n*n*n*n*n*m", b"long/n*n*n*n*n*n*n*n*n*n*n*n*n*n*n*n*",
    // Sets.
    b"[ab]", b"[!a]", b"[^a]", b"[a-c]", b"[A-Z]", b"[c-a]", b"a[-]b", b"[a-]", b"[--a]", b"[]-a]",
    b"[", b"[a", b"[]", b"[]]", b"[!]]", b"[^]]", b"[!]", b"[]a]", b"[[]", b"[[a]", b"[[]a]", b"a]",
    b"[a]]", b"\\[a\\]", b"\\[a]", b"[a\\]", b"[\\]]", b"[\\]a]", b"[\\^]", b"[^\\^]", b"[!^]",
    b"[^!]", b"[!!]", b"[a^]", b"[\\\\]", b"[\\a-\\c]", b"[a-\\c]", b"[\\a]", b"[a-b-c]", b"[+--]",
    b"[--]", b"[-a]", b"[!-]", b"[a-", b"[a-]]", b"[*]", b"[?]", b"a[*]", b"a[?]", b"[*?]*",
    b"x/[y]/z", b"x[/]z", b"x[!a]z", b"x[^/]z", b"x/[/]/z", b"[ -~]", b"[\x01-\x1f]",
    b"[\xfe-\xff]",
    b"[\xc3\xa9]", b"[\xc3][\xa9]", b"[!\xff]", b"[\x80-\xff]", b"[\x80-\xff]*", b"[a-c][a-c]",
    b"z/[[]x[]]/y", b"z/\\[x\\]/y", b"z/[x]/y", b"[!a-z]", b"[!a-zA-Z0-9]", b"[,-.]", b"[a/b]",
    // Classes.
    b"[[:upper:]]", b"[[:lower:]]", b"[[:digit:]]", b"[[:digit:]]*", b"[[:alpha:]]", b"[[:alnum:]]",
    b"[[:punct:]]", b"[[:space:]]", b"[[:blank:]]", b"[[:cntrl:]]", b"[[:graph:]]", b"[[:print:]]",
    b"[[:xdigit:]]", b"[![:alnum:]]", b"[^[:print:]]", b"a[[:space:]]b", b"[[:nothing:]]",
    b"[[:Alpha:]]", b"[[:alpha]", b"[[:alpha:]", b"[:alpha:]", b"[[:]", b"[[::]]", b"[[:a",
    b"[[:]]",
    b"[[:alpha:]-z]", b"[a-[:digit:]]", b"[[:digit:]-]", b"[[:digit:][:upper:]]", b"[[.a.]]",
    b"[[=a=]]", b"[[:alpha:][:foo:]]", b"[^[:alpha:]]*", b"foo.[[:lower:]]", b"[[:word:]]",
    b"*\n![[:alpha:]]", b"[\\[:alpha:]",
    // Backslashes.
    b"\\", b"\\\\", b"\\\\\\", b"a\\", b"a\\\\b", b"\\a", b"\\\\a", b"\\f\\o\\o", b"\\*", b"\\*\\*",
    b"a\\*", b"a\\?", b"\\?", b"\\/foo", b"foo\\/", b"x\\/z", b"\\x/z", b"x/\\z", b"z/\\\\x/y",
    b"\\.foo", b"foo\\", b"foo/\\", b"\\!", b"\\#",
    // Spaces, tabs, carriage returns, marks.
    b"a\\ ", b"a ", b"a\\ b", b"a b", b"a\tb", b"a b ", b"a\t", b" ", b"  ", b"\\ ", b"\\ \\ ",
    b" a",
    b"a\\\\ ", b"a\\\\\\ ", b"foo ", b"foo  ", b"foo\\  ", b"foo \\ ", b"foo\t", b"foo \t",
    b"foo\t ",
    b"foo\r", b"foo \r", b"foo\\\r", b"foo\r\r", b"\r", b"a\r\nfoo", b"foo/ ", b"foo/\r", b"bar /",
    b"bar\\ /", b"bar /x", b"\xef\xbb\xbffoo", b"foo\n\xef\xbb\xbffoo", b"\xef\xbb\xbf", b"\x0b",
    b"\x7f", b"foo\0bar", b"\0foo", b"foo \0", b"\n\nfoo\n\n", b" #a", b"\xef\xbb\xbf#a\nfoo",
    // Comments and negation.
    b"\\#a", b"#a", b"#", b"\\!a", b"!a", b"!", b"!!a", b"!/", b"!\\!a", b"!#a", b"a#", b"a!",
    b"*\n!foo", b"*\n!*.o\nbar/", b"/*\n!/bar\n/bar/*\n!/bar/baz", b"*.o\n!foo.o", b"!foo.o\n*.o",
    b"foo\n!foo\nfoo", b"bar\n!bar/foo", b"bar/*\n!bar/foo", b"**/*\n!**/*.txt\n!**/", b"!bar/",
    b"/keep/*\n!/keep/me\n/keep/me/*\n!/keep/me/here", b"keep/**\n!keep/me/here", b"*\n!*/",
    b"keep/**\n!keep/me/\n!keep/me/here", b"keep/me/\n!here", b"keep\n!keep/\nkeep/not", b"*\n!!a",
    b"*\n!\\!a", b"*\n!/foo ", b"*\n! foo", b"*\n!foo\\ ", b"p/*\n!p/q\np/q/*\n!p/q/r/", b"*\n!.",
    b"*/\n!p/", b"!*\n*.o", b"**\n!**/", b"/**\n!/p/\n!/p/q/", b"foo\n!/foo", b"/foo\n!foo",
    b"docs/\n!docs/b/\n!docs/b/a.txt", b"docs/*\n!docs/b/\ndocs/b/*\n!docs/b/a.txt",
    // What other matchers read as more.
    b"{a,b}", b"{a,b", b"\\{a,b\\}", b"{a}", b"(a|b)", b"+(a)", b"@(a|b)", b"!(a)", b"a+", b"a|b",
    b"~/foo", b"$HOME", b"%61", b"\\x61", b"\\141",
    // Bytes that are no text.
    b"\xff", b"a\xffb", b"\xc3\xa9", b"e\xcc\x81", b"\xc3", b"\xc3?", b"?\xa9", b"\xf0\x9f",
    b"x/\xff",
    b"x/\xff/", b"\xe2\x80\xae", b"*\xff*", b"*\n!\xff", b"[^\xc3]", b"\xff\n!\xff",
];
