import Foundation

/// A program that ended otherwise than with status 0, and what it said.
public struct CommandFailed: Error, CustomStringConvertible {
    /// What was run, and what it said.
    public let description: String

    /// Says something in a program's place.
    public init(_ description: String) { self.description = description }
}

/// Runs a program to its end and answers what it wrote to standard output. Throws ``CommandFailed``.
@discardableResult
public func run(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw CommandFailed("\(program) \(arguments): status \(process.terminationStatus): \(complaint)\(text)")
    }
    return text
}

/// Runs a program to its end and answers what it wrote to standard output. Throws ``CommandFailed``.
@discardableResult
public func run(_ program: String, _ arguments: String...) throws -> String { try run(program, arguments) }
