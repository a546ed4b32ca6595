// Iteration order of a CPython set of small non-negative integers (`setobject.c`, 3.7-3.12):
// hash(n) = n, ten linear probes, then the perturbed jump; growth by four when three fifths full.
// Later TextAttack releases rank words in it (`GreedyWordSwapWIR`).

namespace RobustTickets.Attacks.Python;

/// <summary>A set of non-negative integers that iterates as CPython's does.</summary>
internal sealed class PythonIntSet
{
    private const int LinearProbes = 9;
    private int[] _table = NewTable(8);

    /// <summary>Number of elements.</summary>
    public int Count { get; private set; }

    /// <summary>Adds one element, as <c>set.add</c> does.</summary>
    public void Add(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        if (!Insert(_table, value))
            return;
        Count++;
        var mask = _table.Length - 1;
        if (Count * 5 >= mask * 3)
            Resize(Count * 4);
    }

    /// <summary>Whether the set contains the element.</summary>
    public bool Contains(int value)
    {
        var (slot, found) = Find(_table, value);
        return found && slot >= 0;
    }

    /// <summary>The elements in iteration order.</summary>
    public int[] ToArray() => [.. _table.Where(v => v >= 0)];

    /// <summary>The set of consecutive integers <c>set(range(start, end))</c>.</summary>
    public static PythonIntSet Range(int start, int end)
    {
        var set = new PythonIntSet();
        for (var i = start; i < end; i++)
            set.Add(i);
        return set;
    }

    /// <summary>
    /// <c>a &amp; b</c>: iterates over the smaller set (the second when equal) and adds the
    /// elements that the other contains.
    /// </summary>
    public static PythonIntSet Intersect(PythonIntSet a, PythonIntSet b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var (walked, other) = b.Count > a.Count ? (a, b) : (b, a);
        var result = new PythonIntSet();
        foreach (var v in walked._table)
        {
            if (v >= 0 && other.Contains(v))
                result.Add(v);
        }
        return result;
    }

    /// <summary>
    /// <c>self |= other</c>: grows once for the sum of both, then inserts in the other's order.
    /// </summary>
    public void UnionWith(PythonIntSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if ((Count + other.Count) * 5 >= (_table.Length - 1) * 3)
            Resize((Count + other.Count) * 2);
        foreach (var v in other._table)
        {
            if (v >= 0 && Insert(_table, v))
                Count++;
        }
    }

    private static int[] NewTable(int size)
    {
        var table = new int[size];
        Array.Fill(table, -1);
        return table;
    }

    private void Resize(int minimum)
    {
        var size = 8;
        while (size <= minimum)
            size <<= 1;
        var table = NewTable(size);
        foreach (var v in _table)
        {
            if (v >= 0)
                Insert(table, v);
        }
        _table = table;
    }

    private static bool Insert(int[] table, int value)
    {
        var (slot, found) = Find(table, value);
        if (found)
            return false;
        table[slot] = value;
        return true;
    }

    private static (int Slot, bool Found) Find(int[] table, int value)
    {
        var mask = (ulong)(table.Length - 1);
        var perturb = (ulong)value;
        var i = perturb & mask;
        while (true)
        {
            var probes = i + LinearProbes <= mask ? LinearProbes : 0;
            for (var p = 0; p <= probes; p++)
            {
                var held = table[(int)i + p];
                if (held < 0)
                    return ((int)i + p, false);
                if (held == value)
                    return ((int)i + p, true);
            }
            perturb >>= 5;
            i = (i * 5 + 1 + perturb) & mask;
        }
    }
}
