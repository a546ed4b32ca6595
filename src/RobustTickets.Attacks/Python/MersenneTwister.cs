// MT19937 (Matsumoto & Nishimura 1998) with the seeding and drawing functions that TextAttack uses:
// numpy's legacy generator (`numpy.random.seed`, `randint`) and Python's (`random.seed`, `choice`).

using System.Numerics;

namespace RobustTickets.Attacks.Python;

/// <summary>
/// The generator of numpy's legacy functions and of Python's <c>random</c>. Not thread-safe.
/// </summary>
internal sealed class MersenneTwister
{
    private const int Size = 624;
    private const int Middle = 397;
    private readonly uint[] _state = new uint[Size];
    private int _next = Size;

    private MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (var i = 1u; i < Size; i++)
            _state[i] = 1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30)) + i;
    }

    /// <summary>The state after <c>numpy.random.seed(seed)</c>.</summary>
    public static MersenneTwister Numpy(uint seed) => new(seed);

    /// <summary>
    /// The state after <c>random.seed(n)</c>, where n has these 32-bit digits, lowest first.
    /// </summary>
    /// <exception cref="ArgumentException">There are no digits.</exception>
    public static MersenneTwister Python(params ReadOnlySpan<uint> digits)
    {
        if (digits.Length == 0)
            throw new ArgumentException("a seed has at least one digit", nameof(digits));
        var twister = new MersenneTwister(19650218u);
        var s = twister._state;
        var i = 1;
        var j = 0;
        for (var k = Math.Max(Size, digits.Length); k > 0; k--)
        {
            s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1664525u)) + digits[j] + (uint)j;
            Wrap(s, ref i);
            if (++j >= digits.Length)
                j = 0;
        }
        for (var k = Size - 1; k > 0; k--)
        {
            s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1566083941u)) - (uint)i;
            Wrap(s, ref i);
        }
        s[0] = 0x80000000u;
        return twister;
    }

    /// <summary>The next 32 random bits.</summary>
    public uint Next()
    {
        if (_next == Size)
            Twist();
        var y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    /// <summary>
    /// <c>numpy.random.randint(low, high)</c>: masked outputs until one is in range; a range of one
    /// number consumes no output.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty.</exception>
    public int Integer(int low, int high)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(low, high);
        var range = (uint)(high - 1 - low);
        if (range == 0)
            return low;
        var mask = uint.MaxValue >> BitOperations.LeadingZeroCount(range);
        uint drawn;
        do drawn = Next() & mask;
        while (drawn > range);
        return low + (int)drawn;
    }

    /// <summary>
    /// The index that <c>random.choice</c> draws for a sequence of that length: top bits until one
    /// is in range, also for a single element.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The sequence is empty.</exception>
    public int Choice(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var shift = BitOperations.LeadingZeroCount((uint)count);
        uint drawn;
        do drawn = Next() >> shift;
        while (drawn >= count);
        return (int)drawn;
    }

    private static void Wrap(uint[] s, ref int i)
    {
        if (++i < Size)
            return;
        s[0] = s[Size - 1];
        i = 1;
    }

    private void Twist()
    {
        for (var k = 0; k < Size; k++)
        {
            var y = (_state[k] & 0x80000000u) | (_state[(k + 1) % Size] & 0x7fffffffu);
            _state[k] = _state[(k + Middle) % Size] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0u);
        }
        _next = 0;
    }
}
