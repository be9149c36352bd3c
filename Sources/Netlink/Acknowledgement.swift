import CMnl

/// The kernel's verdict on a request: NLMSG_ERROR, or NLMSG_DONE at the end of a dump.
///
/// ```
/// +---------------------------------------------------------------+
/// |           error: 0, or the negative error number              |
/// +---------------------------------------------------------------+
/// |   header of the request, 16 bytes (in NLMSG_ERROR only)       |
/// +---------------------------------------------------------------+
/// |   attributes of the extended acknowledgement, with            |
/// |   NLM_F_ACK_TLVS: NLMSGERR_ATTR_MSG, a text                   |
/// +---------------------------------------------------------------+
/// ```
struct Acknowledgement {
    /// The error number; 0 for done.
    let code: Int32
    /// The kernel's text; often empty.
    let explanation: String

    static func isFinal(_ message: borrowing Message) -> Bool {
        message.type == UInt16(NLMSG_ERROR) || message.type == UInt16(NLMSG_DONE)
    }

    /// Reads the verdict; nil when the message is none.
    init?(_ message: borrowing Message) {
        guard Self.isFinal(message) else { return nil }
        let payload = message.payload
        let (negative, isMinimum) = (0 as Int32).subtractingReportingOverflow(payload.number(as: Int32.self) ?? 0)
        code = isMinimum ? Int32.max : negative
        var text = ""
        if message.flags & UInt16(NLM_F_ACK_TLVS) != 0 {
            let start = message.type == UInt16(NLMSG_DONE) ? 4 : 20
            var attributes = AttributeReader(payload, from: start)
            while let attribute = attributes.next() {
                if attribute.type == Int(NLMSGERR_ATTR_MSG.rawValue) { text = attribute.value.text }
            }
        }
        explanation = text
    }
}
