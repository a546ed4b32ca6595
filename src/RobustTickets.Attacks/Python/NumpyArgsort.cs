// numpy's default argsort of doubles before 1.25: introsort, not stable. Word importance has ties,
// so the exact permutation decides which word is attacked first. Algorithm:
// docs/methods/attacks.md, `argsort` of numpy before 1.25.

using System.Numerics;

namespace RobustTickets.Attacks.Python;

/// <summary>numpy's unstable <c>argsort</c> (kind quicksort, before 1.25).</summary>
internal static class NumpyArgsort
{
    private const int Small = 15;

    /// <summary>
    /// The permutation that sorts <paramref name="keys"/> ascending. Keys must not be NaN.
    /// </summary>
    public static int[] Sort(ReadOnlySpan<double> keys)
    {
        var order = new int[keys.Length];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        if (order.Length > 1)
            Sort(keys, order);
        return order;
    }

    private static void Sort(ReadOnlySpan<double> v, int[] t)
    {
        var stack = new Stack<(int Left, int Right, int Depth)>();
        var l = 0;
        var r = t.Length - 1;
        var depth = 2 * BitOperations.Log2((uint)t.Length);
        while (true)
        {
            if (depth < 0)
            {
                HeapSort(v, t.AsSpan(l, r - l + 1));
            }
            else
            {
                while (r - l > Small)
                {
                    var i = Partition(v, t, l, r);
                    depth--;
                    if (i - l < r - i)
                    {
                        stack.Push((i + 1, r, depth));
                        r = i - 1;
                    }
                    else
                    {
                        stack.Push((l, i - 1, depth));
                        l = i + 1;
                    }
                }
                InsertionSort(v, t, l, r);
            }
            if (!stack.TryPop(out var next))
                return;
            (l, r, depth) = next;
        }
    }

    private static int Partition(ReadOnlySpan<double> v, int[] t, int l, int r)
    {
        var mid = l + ((r - l) >> 1);
        if (v[t[mid]] < v[t[l]])
            (t[mid], t[l]) = (t[l], t[mid]);
        if (v[t[r]] < v[t[mid]])
            (t[r], t[mid]) = (t[mid], t[r]);
        if (v[t[mid]] < v[t[l]])
            (t[mid], t[l]) = (t[l], t[mid]);
        var pivot = v[t[mid]];
        var i = l;
        var j = r - 1;
        (t[mid], t[j]) = (t[j], t[mid]);
        while (true)
        {
            do i++;
            while (v[t[i]] < pivot);
            do j--;
            while (pivot < v[t[j]]);
            if (i >= j)
                break;
            (t[i], t[j]) = (t[j], t[i]);
        }
        (t[i], t[r - 1]) = (t[r - 1], t[i]);
        return i;
    }

    private static void InsertionSort(ReadOnlySpan<double> v, int[] t, int l, int r)
    {
        for (var i = l + 1; i <= r; i++)
        {
            var item = t[i];
            var key = v[item];
            var j = i;
            while (j > l && key < v[t[j - 1]])
            {
                t[j] = t[j - 1];
                j--;
            }
            t[j] = item;
        }
    }

    private static void HeapSort(ReadOnlySpan<double> v, Span<int> t)
    {
        for (var l = t.Length / 2; l > 0; l--)
            Sift(v, t, l, t.Length);
        for (var n = t.Length; n > 1; )
        {
            (t[n - 1], t[0]) = (t[0], t[n - 1]);
            n--;
            Sift(v, t, 1, n);
        }
    }

    // One-based positions, as in numpy: the element at `start` sinks among the first `n`.
    private static void Sift(ReadOnlySpan<double> v, Span<int> t, int start, int n)
    {
        var item = t[start - 1];
        var i = start;
        for (var j = start << 1; j <= n; )
        {
            if (j < n && v[t[j - 1]] < v[t[j]])
                j++;
            if (!(v[item] < v[t[j - 1]]))
                break;
            t[i - 1] = t[j - 1];
            i = j;
            j += j;
        }
        t[i - 1] = item;
    }
}
