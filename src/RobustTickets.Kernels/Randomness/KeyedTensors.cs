using RobustTickets.Torch;

namespace RobustTickets.Kernels.Randomness;

/// <summary>Keyed random fills of tensors (safe wrapper of <see cref="KeyedFill"/>).</summary>
internal static unsafe class KeyedTensors
{
    /// <summary>
    /// Fills a float tensor [rows, features] with inverted-dropout factors; row r is keyed by
    /// <paramref name="rowKeys"/>[r].
    /// </summary>
    public static void Dropout(Tensor mask, ReadOnlySpan<RandomKey> rowKeys, double probability) =>
        KeyedFill.Dropout((float*)mask.data_ptr, rowKeys, Features(mask, rowKeys.Length), probability);

    /// <summary>Fills a float tensor [rows, features] with uniform numbers in [-1, 1).</summary>
    public static void UniformSigned(Tensor target, ReadOnlySpan<RandomKey> rowKeys) =>
        KeyedFill.UniformSigned((float*)target.data_ptr, rowKeys, Features(target, rowKeys.Length));

    /// <summary>
    /// Uniform numbers in [-1, 1), float32 [rows, features], generated on the given device: the
    /// same bits from the kernel on the CPU and from operators on another device.
    /// </summary>
    public static Tensor UniformSigned(RandomKey[] rowKeys, long features, Device device)
    {
        if (!device.IsHost)
            return KeyedOperators.UniformSigned(KeyedRows.On(device, rowKeys), features);
        var target = torch.empty([rowKeys.Length, features]);
        UniformSigned(target, rowKeys);
        return target;
    }

    /// <summary>
    /// Fills a float tensor with normal numbers (Box-Muller on the keyed uniforms).
    /// </summary>
    public static void Normal(Tensor target, RandomKey key, double deviation)
    {
        var data = (float*)target.data_ptr;
        for (long i = 0, n = target.numel; i < n; i++)
        {
            var pair = key.Derive(i);
            var radius = Math.Sqrt(-2.0 * Math.Log(1.0 - pair.Uniform(0)));
            data[i] = (float)(deviation * radius * Math.Cos(2 * Math.PI * pair.Uniform(1)));
        }
    }

    private static int Features(Tensor tensor, int rows)
    {
        if (rows == 0 || tensor.numel % rows != 0)
            throw new ArgumentException($"{tensor.numel} elements do not divide into {rows} keyed rows");
        return (int)(tensor.numel / rows);
    }
}
