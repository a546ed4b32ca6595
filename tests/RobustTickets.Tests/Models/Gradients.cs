using RobustTickets.Torch;
using RobustTickets.Torch.nn;

namespace RobustTickets.Tests.Models;

/// <summary>Gradients as plain numbers, whichever way the execution keeps them.</summary>
internal static class Gradients
{
    /// <summary>
    /// Dense gradient of a parameter; zeros where it has none. Row gradients are spread over the
    /// whole matrix.
    /// </summary>
    public static float[] Of(ParameterStore store, string name)
    {
        using var scope = torch.scope();
        var parameter = store[name];
        if (store.RowGradientOf(name) is not { } rows)
            return parameter.grad?.to_array() ?? new float[parameter.numel];
        var columns = (int)parameter.shape[1];
        var dense = new float[parameter.numel];
        var values = rows.Values.grad?.to_array() ?? new float[rows.Rows.Length * columns];
        for (var i = 0; i < rows.Rows.Length; i++)
            values.AsSpan(i * columns, columns).CopyTo(dense.AsSpan((int)rows.Rows[i] * columns));
        return dense;
    }

    /// <summary>All gradients by name.</summary>
    public static Dictionary<string, float[]> All(ParameterStore store) =>
        store.Names.ToDictionary(name => name, name => Of(store, name));

    /// <summary>Root of the sum of squares.</summary>
    public static double L2(ReadOnlySpan<float> values)
    {
        var sum = 0.0;
        foreach (var x in values)
            sum += (double)x * x;
        return Math.Sqrt(sum);
    }

    /// <summary>
    /// Whether the gradient is zero by mathematics: a constant added to all keys shifts every score
    /// of a softmax row alike. What remains is rounding noise.
    /// </summary>
    public static bool IsNoise(string name) => name.EndsWith("attention.self.key.bias", StringComparison.Ordinal);
}
