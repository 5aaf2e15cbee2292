using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace EdgeInfer.Fetching;

/// <summary>How near an address is; the nearer, the less may strangers point to it.</summary>
internal enum AddressKind
{
    /// <summary>Nobody's: unspecified (which Linux takes for this machine), multicast, broadcast, reserved.</summary>
    Unusable,

    /// <summary>Anybody's.</summary>
    Public,

    /// <summary>Of this network: private, link-local (where clouds keep credentials), shared by a carrier.</summary>
    Private,

    /// <summary>This machine.</summary>
    Loopback,
}

/// <summary>Sorts addresses by the registries of special-purpose addresses (RFC 6890 and its successors).</summary>
internal static class AddressKinds
{
    /// <summary>The kind of an address; an IPv6 address that carries an IPv4 address has that one's.</summary>
    public static AddressKind Of(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork) return OfIpv4(BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()));
        byte[] bytes = address.GetAddressBytes();
        if (IPAddress.IsLoopback(address)) return AddressKind.Loopback;
        if (address.Equals(IPAddress.IPv6Any) || address.IsIPv6Multicast) return AddressKind.Unusable;
        if (CarriedIpv4(bytes) is { } carried) return OfIpv4(carried);
        return address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal ? AddressKind.Private : AddressKind.Public;
    }

    private static AddressKind OfIpv4(uint address) => (byte)(address >> 24) switch
    {
        0 or >= 224 => AddressKind.Unusable,
        127 => AddressKind.Loopback,
        10 => AddressKind.Private,
        100 when IsWithin(address, 0x64400000, 10) => AddressKind.Private,
        169 when IsWithin(address, 0xA9FE0000, 16) => AddressKind.Private,
        172 when IsWithin(address, 0xAC100000, 12) => AddressKind.Private,
        192 when IsWithin(address, 0xC0A80000, 16) => AddressKind.Private,
        _ => AddressKind.Public,
    };

    private static bool IsWithin(uint address, uint network, int bits) => (address ^ network) >> (32 - bits) == 0;

    // Mapped (::ffff:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16).
    private static uint? CarriedIpv4(byte[] bytes)
    {
        ReadOnlySpan<byte> all = bytes;
        uint last = BinaryPrimitives.ReadUInt32BigEndian(all[12..]);
        ReadOnlySpan<byte> front = all[..12];
        bool isZero = front[..10].IndexOfAnyExcept((byte)0) < 0;
        if (isZero && front[10] == front[11] && front[10] is 0 or 0xff) return last;
        if (front is [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]) return last;
        return front is [0x20, 0x02, ..] ? BinaryPrimitives.ReadUInt32BigEndian(all[2..]) : null;
    }
}
