/// How route flap damping (RFC 2439) counts. Each flap of a route adds a penalty to its figure of merit, which halves every
/// `halfLife`. A route that is announced with a figure of at least `suppress` takes no part in the decision process until the
/// figure is below `reuse`, and at most for `maximumSuppressTime` after its last flap.
///
///     figure
///     ceiling  - - - - - - - - - - - - -
///                      /|\
///     suppress - - - -/ | \- - - - - - -     ceiling = reuse x 2 ^ (maximumSuppressTime / halfLife)
///                  /|/     \
///     reuse    - -/- - - - -`. - - - - -
///               /|              ` - . _
///              -------suppressed----------> time
///
/// The penalties are those of RFC 7196, section 3: 1,000 for a withdrawal, 500 for other attributes, and none for an
/// announcement (RFC 2439, section 5: "only when a route is removed or replaced and not when a route is added").
public struct DampingOptions: Hashable, Sendable {
    /// The time in which a figure of merit halves, in nanoseconds, at least 1; whether the route is there or not.
    public var halfLife: UInt64
    /// The figure from which on a route that is announced is suppressed.
    public var suppress: UInt32
    /// The figure below which it is used again, at least 1.
    public var reuse: UInt32
    /// The longest time in nanoseconds that a route stays suppressed without another flap.
    public var maximumSuppressTime: UInt64

    /// What is added when a route is withdrawn.
    static let withdrawalPenalty = 1000.0
    /// What is added when a route comes with other attributes. Any attribute counts: RFC 2439, section 4.4.3, leaves it open.
    static let changePenalty = 500.0

    /// Makes options; what is not named is as RFC 7196, sections 3 and 6, has it: 15 minutes, 6,000, 750, and 60 minutes.
    public init(
        halfLife: UInt64 = 900_000_000_000, suppress: UInt32 = 6000, reuse: UInt32 = 750,
        maximumSuppressTime: UInt64 = 3_600_000_000_000
    ) {
        self.halfLife = max(halfLife, 1)
        self.suppress = suppress
        self.reuse = max(reuse, 1)
        self.maximumSuppressTime = maximumSuppressTime
    }

    /// The highest figure, from which it takes `maximumSuppressTime` to fall to `reuse` (RFC 2439, section 4.5). There is no
    /// other bound, so RFC 7196, section 6, which wants that one at 50,000 at least, is met. A ceiling that is not above
    /// `suppress` suppresses nothing.
    public var ceiling: Double { Double(reuse) / share(after: maximumSuppressTime) }

    /// The figure at which a route is forgotten: less than one penalty, so that the smallest ones still add up.
    var forgetLimit: Double { min(Double(reuse), Self.changePenalty) / 2 }

    // MARK: Decay

    /// 2 to the powers of -1/2, -1/4, -1/8 and so on, each the square root of the one before. They come by division (Newton), of
    /// which IEEE 754 says every bit, so they are the same everywhere.
    private static let roots: [Double] = {
        var roots: [Double] = []
        var square = 0.5
        for _ in 0..<32 {
            var root = 1.0
            for _ in 0..<6 { root = (root + square / root) / 2 }
            roots.append(root)
            square = root
        }
        return roots
    }()

    /// What is left of a figure of 1 after a time in nanoseconds: 2 to the power of -`time`/`halfLife`, put together from the
    /// binary digits of the exponent.
    func share(after time: UInt64) -> Double {
        let (halvings, rest) = time.quotientAndRemainder(dividingBy: halfLife)
        guard halvings < 1000 else { return 0 }
        var share = Double(sign: .plus, exponent: -Int(halvings), significand: 1)
        // The digits of rest / halfLife, 32 of them behind the point.
        let digits = halfLife.dividingFullWidth((rest >> 32, rest << 32)).quotient
        for (place, root) in Self.roots.enumerated() where digits & 1 << UInt64(31 - place) != 0 { share *= root }
        return share
    }

    /// The time in nanoseconds after which no more than `share`, above 0, is left of a figure of 1; rounded up.
    func time(until share: Double) -> UInt64 {
        guard share < 1 else { return 0 }
        // share = significand x 2 ^ exponent, with a significand of 1 to 2: what is beyond whole halvings.
        let halvings = UInt64(-share.exponent - 1)
        let wanted = share.significand / 2
        var left = 1.0
        var digits: UInt64 = 0
        for (place, root) in Self.roots.enumerated() where left * root >= wanted {
            left *= root
            digits |= 1 << UInt64(31 - place)
        }
        let (high, low) = halfLife.multipliedFullWidth(by: digits + 1)
        let (whole, isTooLong) = halfLife.multipliedReportingOverflow(by: halvings)
        let (sum, isLonger) = whole.addingReportingOverflow(high << 32 | low >> 32)
        return isTooLong || isLonger || sum == .max ? .max : sum + 1
    }
}
