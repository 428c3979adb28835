//! The program `markerbed`: parses, drives, prints, and decides nothing.
#![forbid(unsafe_code)]

mod arguments;
mod codes;
mod command;
mod engine;
mod exit;
mod failure;
mod host;
mod inputs;
mod interrupt;
mod json;
mod open;
mod output;
mod progress;
mod slice;
mod text;
mod time;

use std::{
    env,
    io::{self, Write},
    panic,
    process::ExitCode,
};

use clap::Parser;

use crate::{
    arguments::Arguments,
    engine::Computer,
    exit::Exit,
    failure::{Failure, Told},
    host::Host,
    json::ErrorAnswer,
    output::{Output, Style},
};

fn main() -> ExitCode {
    panic::set_hook(Box::new(tell_of_fault));
    let exit = panic::catch_unwind(run).unwrap_or_else(|_| {
        let mut output = plain_output();
        let message = "a fault of this program; standard error says where";
        let fault = Failure::new(Exit::Failed, "program-fault", message);
        end(&mut output, Err(fault))
    });
    exit.into()
}

fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return answer_of_parser(&error),
    };
    let style = if arguments.everywhere.json { Style::Json } else { Style::of_standard_output() };
    let output = Output::new(Box::new(io::stdout()), style, arguments.everywhere.notes());
    let mut host = Host::new(output, &arguments.everywhere);
    let result = interrupt::listen(style).and_then(|()| {
        host.computer = Computer::chosen(arguments.everywhere.engine.as_deref())?;
        arguments.command.run(&mut host)
    });
    end(&mut host.output, result)
}

/// Says what went wrong, if anything, and hands on what is held back.
pub(crate) fn end(output: &mut Output, result: Result<Exit, Failure>) -> Exit {
    match result.and_then(|exit| output.flush().map(|()| exit)) {
        Ok(exit) => exit,
        Err(Failure::OutputClosed) => Exit::Done,
        Err(Failure::Told(told)) => {
            tell(output, &told);
            told.exit
        }
    }
}

fn tell(output: &mut Output, told: &Told) {
    output.fail(&told.message);
    if output.style() == Style::Json {
        // If standard output is what failed, there is no other place to say it.
        drop(output.conclude(&ErrorAnswer::new(told), told.exit));
    }
}

/// Help, or the number of the version, or what is wrong with the arguments.
fn answer_of_parser(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => Exit::Done,
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(_) => Exit::Failed,
        };
    }
    end(&mut plain_output(), Err(arguments::failure_of(error)))
}

/// An output for when the arguments are not known, or no longer.
fn plain_output() -> Output {
    let is_json = env::args_os().any(|argument| argument == "--json");
    let style = if is_json { Style::Json } else { Style::Text };
    Output::new(Box::new(io::stdout()), style, output::Notes::Normal)
}

fn tell_of_fault(fault: &panic::PanicHookInfo<'_>) {
    let place = fault.location().map_or_else(String::new, |at| format!(" at {at}"));
    let what = fault.payload_as_str().unwrap_or("no more is known");
    let line = failure::one_line(&format!(
        "a fault of this program{place}: {what}; what was recorded before is as it was, please \
         report it"
    ));
    // A standard error that is closed is no reason to do anything else.
    drop(writeln!(io::stderr(), "markerbed: {line}"));
}
