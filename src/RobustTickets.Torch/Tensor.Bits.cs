// Integer arithmetic on tensors, for keyed randomness on a device.
using RobustTickets.Torch.Native;

namespace RobustTickets.Torch;

internal sealed partial class Tensor
{
    /// <summary>Multiplies integers in place, with wrap-around on overflow.</summary>
    public Tensor mul_(long factor) => Call.InPlace(Ops.MulScalarInPlace, this, factor);

    /// <summary>Bitwise and with a number, in place.</summary>
    public Tensor bitwise_and_(long bits) => Call.InPlace(Ops.BitAndScalarInPlace, this, bits);

    /// <summary>Bitwise exclusive or with a number, in place.</summary>
    public Tensor bitwise_xor_(long bits) => Call.InPlace(Ops.BitXorScalarInPlace, this, bits);

    /// <summary>Bitwise exclusive or, in place.</summary>
    public Tensor bitwise_xor_(Tensor other) => Call.InPlace(Ops.BitXorInPlace, this, other);

    /// <summary>Right shift; signed integers keep their sign.</summary>
    public Tensor bitwise_right_shift(long by) => Call.With(Ops.ShiftRightScalar, this, by);
}
