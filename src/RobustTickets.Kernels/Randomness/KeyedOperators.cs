// Keyed randomness (RandomKey.cs) with libtorch's integer operators, for tensors on a device: the
// same bits for the same keys, so a step on a GPU drops the same elements as on the CPU.

using RobustTickets.Torch;

namespace RobustTickets.Kernels.Randomness;

/// <summary>
/// Row keys on a device: the host derives one key per row, the device does the rest in 15 small
/// kernel launches, however many rows there are.
/// </summary>
/// <param name="Low">Lower halves of the keys, int32 [R, 1].</param>
/// <param name="High">Upper halves, int32 [R, 1].</param>
internal sealed record KeyedRows(Tensor Low, Tensor High)
{
    /// <summary>Copies keys to a device.</summary>
    public static KeyedRows On(Device device, ReadOnlySpan<RandomKey> keys)
    {
        var (low, high) = (new int[keys.Length], new int[keys.Length]);
        for (var r = 0; r < keys.Length; r++)
            (low[r], high[r]) = ((int)(uint)keys[r].Value, (int)(uint)(keys[r].Value >> 32));
        return new KeyedRows(
            torch.tensor<int>(low, [keys.Length, 1], device),
            torch.tensor<int>(high, [keys.Length, 1], device)
        );
    }

    /// <summary>Number of rows.</summary>
    public long Count => Low.size(0);

    /// <summary>A range of the rows.</summary>
    public KeyedRows Narrow(long start, long count) => new(Low.narrow(0, start, count), High.narrow(0, start, count));
}

/// <summary>Keyed random tensors, generated on the device of their keys.</summary>
internal static class KeyedOperators
{
    private const long Golden = unchecked((int)0x9e37_79b9u),
        First = 0x7feb_352d,
        Second = unchecked((int)0x846c_a68bu),
        SignBit = int.MinValue;

    /// <summary>
    /// Boolean [R, features]: whether an element is kept when each is dropped with a probability.
    /// Same as the nonzeros of <see cref="KeyedFill.Dropout"/>.
    /// </summary>
    public static Tensor Kept(KeyedRows rows, long features, double probability)
    {
        // bits >> 8 < threshold as unsigned numbers: flipping the sign bit makes the signed
        // comparison equivalent.
        var threshold = ((long)KeyedFill.DropThreshold(probability) << 8) + SignBit;
        return Bits(rows, features).bitwise_xor_(SignBit).ge(threshold);
    }

    /// <summary>
    /// Uniform numbers in [-1, 1), float32 [R, features]. Same as
    /// <see cref="KeyedFill.UniformSigned"/>.
    /// </summary>
    public static Tensor UniformSigned(KeyedRows rows, long features) =>
        Bits(rows, features)
            .bitwise_right_shift(8)
            .bitwise_and_(0xff_ffff)
            .to(DType.Float32)
            .mul_(2f / (1 << 24))
            .sub_(1.0); // exact: 24 bits

    // int32 wraps around as uint does; only right shifts differ: the sign bits shifted in are
    // masked off.
    private static Tensor Bits(KeyedRows rows, long features)
    {
        var x = rows.Low + torch.arange(0, features, 1, DType.Int32, rows.Low.device).mul_(Golden);
        x.bitwise_xor_(x.bitwise_right_shift(16).bitwise_and_(0xffff)).mul_(First);
        x.bitwise_xor_(rows.High);
        x.bitwise_xor_(x.bitwise_right_shift(15).bitwise_and_(0x1_ffff)).mul_(Second);
        return x.bitwise_xor_(x.bitwise_right_shift(16).bitwise_and_(0xffff));
    }
}
