/// Validators of responses (RFC 9110, section 8.8.3).
public enum EntityTag {
    /// Whether `If-None-Match` of a request names a tag, by the weak comparison (section 13.1.2). Without that field it does not.
    public static func matches(_ fields: HTTPFields, _ tag: String?) -> Bool {
        guard let tag else { return false }
        return fields.list("If-None-Match").contains { $0 == "*" || opaque($0) == opaque(Substring(tag)) }
    }

    private static func opaque(_ tag: Substring) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag }
}
