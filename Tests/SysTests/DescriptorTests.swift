import CLinux
import Foundation
import Net
import Sys
import TestSupport
import Testing

@Suite struct DescriptorTests {
    @Test("A descriptor is closed once: at the end of its life, and never again") func closesOnce() async {
        // In a process of its own, where no other test takes the number in between.
        await #expect(processExitsWith: .success) {
            func isOpen(_ raw: Int32) -> Bool { fcntl(raw, F_GETFD) >= 0 }
            func holdAndDrop() throws -> Int32 {
                let file = try FileDescriptor.open("/dev/null", O_RDONLY)
                #expect(isOpen(file.raw) && fcntl(file.raw, F_GETFD) & FD_CLOEXEC != 0)
                return file.raw
            }
            let raw = try holdAndDrop()
            #expect(!isOpen(raw))

            func handOver(_ file: consuming FileDescriptor) -> Int32 { file.release() }
            let released = handOver(try FileDescriptor.open("/dev/null", O_RDONLY))
            #expect(released == raw && isOpen(released), "what is released stays open")
            do { _ = FileDescriptor(owning: released) }
            #expect(!isOpen(released))

            var optional: FileDescriptor? = try FileDescriptor.open("/dev/null", O_RDONLY)
            let taken = optional.take()
            #expect(optional == nil && isOpen(raw))
            _ = consume taken
            #expect(!isOpen(raw))
            let other = open("/dev/null", O_RDONLY)
            #expect(other == raw && isOpen(other), "nobody closes the next owner's file")
        }
    }

    @Test("A duplicate lives longer than its original, and is close-on-exec") func duplicate() throws {
        func duplicated() throws -> FileDescriptor { try FileDescriptor.open("/dev/zero", O_RDONLY).duplicate() }
        let copy = try duplicated()
        var byte: UInt8 = 1
        #expect(read(copy.raw, &byte, 1) == 1 && byte == 0)
        #expect(fcntl(copy.raw, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test("All of a megabyte goes through a pipe that holds less") func pipe() throws {
        var random = SeededGenerator(10)
        let sent = random.bytes(1 << 20)
        let (reading, writing) = try FileDescriptor.streamPair().release()
        let writer = Thread { try? FileDescriptor(owning: writing).writeAll(sent) }
        writer.start()
        #expect(try FileDescriptor(owning: reading).readAll() == sent)
    }

    @Test("An error names the call, the object and the reason") func errors() {
        let error = #expect(throws: SystemError.self) { _ = try FileDescriptor.open("/nonexistent/file", O_RDONLY) }
        #expect(error == SystemError(code: ENOENT, call: "open", object: "/nonexistent/file"))
        #expect(error?.description == "open /nonexistent/file: No such file or directory")
        #expect(SystemError(code: EPERM, call: "unshare").description == "unshare: Operation not permitted")
    }
}

@Suite struct FilesTests {
    @Test("A tree is removed with links in it, and what they point to stays") func removeTree() throws {
        let folder = try TemporaryFolder()
        let (tree, kept) = (folder.path + "/tree", folder.path + "/kept")
        for path in [tree, tree + "/a", tree + "/a/b", kept] { try Files.makeDirectory(path) }
        try Files.write(tree + "/a/b/file", "x".utf8)
        try Files.write(kept + "/file", "kept".utf8)
        try Files.makeLink(tree + "/a/link", to: kept)
        try Files.makeLink(tree + "/dangling", to: "/nonexistent")
        try Files.makeLink(folder.path + "/top", to: kept)
        try Files.removeTree(tree)
        #expect(!Files.exists(tree))
        try Files.removeTree(folder.path + "/top")
        #expect(!Files.exists(folder.path + "/top"))
        #expect(try Files.read(kept + "/file") == Array("kept".utf8))
        try Files.removeTree(tree)
    }

    @Test("Links are seen as links") func links() throws {
        let folder = try TemporaryFolder()
        let link = folder.path + "/link"
        try Files.makeLink(link, to: "/somewhere/that is/not there")
        #expect(Files.linkTarget(link) == "/somewhere/that is/not there" && Files.exists(link))
        #expect(throws: SystemError(code: EEXIST, call: "symlink", object: link)) { try Files.makeLink(link, to: "x") }
        try Files.removeFile(link)
        #expect(Files.linkTarget(link) == nil && !Files.exists(link))
        #expect(Files.linkTarget(folder.path) == nil, "a folder is no link")
    }

    @Test("A folder is listed in order, and one that is not there is empty") func list() throws {
        let folder = try TemporaryFolder()
        for name in ["b", "a", ".hidden", "ä"] { try Files.write(folder.path + "/" + name, []) }
        #expect(Files.list(folder.path) == [".hidden", "a", "b", "ä"])
        #expect(Files.list(folder.path + "/none") == [])
    }

    @Test("Writing replaces all of a file, and removing what is gone is no error") func write() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/file"
        try Files.write(path, "long text".utf8)
        try Files.write(path, "short".utf8)
        #expect(try Files.read(path) == Array("short".utf8))
        try Files.removeFile(path)
        try Files.removeFile(path)
        try Files.removeDirectory(path)
        #expect(throws: SystemError.self) { try Files.makeDirectory(folder.path) }
        #expect(throws: SystemError.self) { try Files.read(folder.path) }
    }

    @Test("A full disk is an error that names the file") func fullDisk() throws {
        try inPrivateMounts { folder in
            try systemCall("mount") { mount("tmpfs", folder, "tmpfs", 0, "size=65536") }
            let path = folder + "/big"
            let error = #expect(throws: SystemError.self) {
                try Files.write(path, [UInt8](repeating: 0, count: 1 << 20))
            }
            #expect(error == SystemError(code: ENOSPC, call: "write", object: path))
        }
    }

    @Test("A folder in which something cannot be removed is an error") func busy() throws {
        try inPrivateMounts { folder in
            try Files.makeDirectory(folder + "/mounted")
            try systemCall("mount") { mount("tmpfs", folder + "/mounted", "tmpfs", 0, nil) }
            let error = #expect(throws: SystemError.self) { try Files.removeTree(folder) }
            #expect(error?.code == EBUSY)
            umount(folder + "/mounted")
        }
    }

    @Test("The running program has a path") func ownExecutable() throws {
        #expect(Files.exists(try Files.ownExecutable()))
    }
}

@Suite struct NetworkNamespaceTests {
    private struct Expected: Error {}

    @Test("A visit ends at home, also when it throws") func perform() throws {
        try onOwnThread {
            let home = try namespaceInode()
            let there = try NetworkNamespace.createAndEnter()
            let inside = try namespaceInode()
            #expect(inside != home)
            let elsewhere = try NetworkNamespace.createAndEnter()
            let third = try namespaceInode()
            #expect(try there.perform { try namespaceInode() } == inside)
            #expect(try namespaceInode() == third)
            #expect(throws: Expected.self) { try there.perform { throw Expected() } }
            #expect(try namespaceInode() == third)
            try there.perform { () throws -> Void in
                #expect(try elsewhere.perform { try namespaceInode() } == third)
                #expect(try namespaceInode() == inside)
            }
            #expect(try namespaceInode() == third)
        }
    }

    @Test("A socket keeps the namespace that it was opened in") func socketStays() throws {
        try onOwnThread {
            let home = try NetworkNamespace.current()
            let there = try NetworkNamespace.createAndEnter()
            try home.enter()
            let socket = try there.perform { try Socket.bound(.stream, .v4(IPv4Address(127, 0, 0, 1)), port: 7) }
            // The same address and port at home are another's.
            let other = try Socket.bound(.stream, .v4(IPv4Address(127, 0, 0, 1)), port: 7)
            #expect(try Socket.localAddress(socket.raw).port == 7 && Socket.localAddress(other.raw).port == 7)
        }
    }

    @Test("What is no namespace is refused") func refused() throws {
        #expect(throws: SystemError(code: ENOENT, call: "open", object: "/run/netns/nonexistent")) {
            _ = try NetworkNamespace.open("/run/netns/nonexistent")
        }
        let null = try NetworkNamespace.open("/dev/null")
        #expect(throws: SystemError(code: EINVAL, call: "setns", object: "network namespace")) { try null.enter() }
    }
}

private func namespaceInode() throws -> String {
    try #require(Files.linkTarget("/proc/thread-self/ns/net"))
}
