use spikenas::Result;

/// The value that was read, or nothing where the input was refused with a message. (That it is printed in one short line, free
/// of what a terminal obeys, is the program's part.)
pub(crate) fn accepted<T>(result: Result<T>) -> Option<T> {
    result.map_err(|error| check_message(&error.to_string())).ok()
}

/// Panics if a message says nothing.
pub(crate) fn check_message(message: &str) {
    assert!(!message.trim().is_empty(), "a message without words");
}
