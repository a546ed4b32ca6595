// Sole owner of the parameters: an ordered map from Hugging Face name to tensor. Optimiser,
// checkpoints, tickets and rewinding all use this map, so names in checkpoints and in code are the
// same.
namespace RobustTickets.Torch.nn;

/// <summary>Row-sparse gradient of a matrix: an embedding table looked up at some rows.</summary>
/// <param name="Rows">Sorted distinct row indices [U].</param>
/// <param name="Values">Leaf tensor [U, columns] whose <see cref="Tensor.grad"/> is the
/// gradient.</param>
internal sealed record RowGradient(long[] Rows, Tensor Values);

/// <summary>Ordered, named parameters; owns their memory.</summary>
internal sealed class ParameterStore : IDisposable
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly Dictionary<string, RowGradient> _rowGradients = [];
    private readonly Dictionary<string, GradientSlot> _slots = [];

    /// <summary>
    /// Is notified of gradients whose memory is reserved here, or null; owned by the store. Set
    /// before <see cref="ReserveGradients"/>.
    /// </summary>
    public IGradientNormCache? GradientNorms { get; set; }

    /// <summary>
    /// Increases whenever a name gets another tensor or other gradient memory, so that cached
    /// look-ups can be invalidated.
    /// </summary>
    public long Version { get; private set; }

    /// <summary>Device of all parameters; tensors added later are moved to it.</summary>
    public Device Device { get; private set; }

    /// <summary>Moves every parameter to a device. Gradients are dropped.</summary>
    public void MoveTo(Device device)
    {
        if (device == Device)
            return;
        Device = device;
        Version++;
        foreach (var name in _names)
        {
            var wanted = _tensors[name].requires_grad;
            _tensors[name] = Placed(_tensors[name]).requires_grad_(wanted);
        }
        _rowGradients.Clear();
    }

    /// <summary>Names in insertion order.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Gets a parameter by name.</summary>
    /// <exception cref="KeyNotFoundException">No parameter has this name.</exception>
    public Tensor this[string name] =>
        _tensors.TryGetValue(name, out var tensor)
            ? tensor
            : throw new KeyNotFoundException($"no parameter '{name}' among {_names.Count}");

    /// <summary>Whether a parameter has this name.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Adds a tensor under a new name and takes ownership.</summary>
    /// <exception cref="ArgumentException">The name exists already.</exception>
    public void Add(string name, Tensor tensor)
    {
        if (!_tensors.TryAdd(name, Placed(tensor)))
            throw new ArgumentException($"parameter '{name}' exists already");
        _names.Add(name);
        Version++;
    }

    /// <summary>Removes and frees a parameter.</summary>
    public void Remove(string name)
    {
        this[name].Dispose();
        _tensors.Remove(name);
        _names.Remove(name);
        Version++;
        DropSlot(name);
    }

    /// <summary>Replaces a parameter's tensor and frees the old one.</summary>
    public void Replace(string name, Tensor tensor)
    {
        var placed = Placed(tensor);
        this[name].Dispose();
        _tensors[name] = placed;
        Version++;
        DropSlot(name);
    }

    /// <summary>
    /// Returns the tensor on the store's device, owned; a tensor on another device is replaced by a
    /// copy.
    /// </summary>
    private Tensor Placed(Tensor tensor)
    {
        if (tensor.device == Device)
            return tensor.keep();
        using var quiet = torch.no_grad();
        var placed = tensor.to(Device).keep();
        tensor.Dispose();
        return placed;
    }

    /// <summary>Sets which parameters require a gradient.</summary>
    public void RequireGradient(Func<string, bool> wanted)
    {
        foreach (var name in _names)
            _tensors[name].requires_grad_(wanted(name));
    }

    /// <summary>
    /// The row gradient of a parameter in the current step, or null when its gradient is dense.
    /// </summary>
    public RowGradient? RowGradientOf(string name) => _rowGradients.GetValueOrDefault(name);

    /// <summary>Sets a parameter's row-sparse gradient for this step.</summary>
    public void SetRowGradient(string name, RowGradient gradient) => _rowGradients[name] = gradient;

    /// <summary>
    /// Reserves memory for the gradients of the named parameters that require one and have none;
    /// <see cref="ClearGradients"/> keeps it from then on. Called before a forward pass, so that
    /// the memory is separate from the pass's tensors.
    /// </summary>
    public void ReserveGradients(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            if (_slots.ContainsKey(name) || _tensors[name] is not { requires_grad: true, dtype: DType.Float32 } tensor)
                continue;
            var slot = _slots[name] = new GradientSlot(GradientNorms);
            Version++;
            using var gradient = tensor.grad;
            if (gradient is null)
                slot.Park(torch.empty(tensor.sizes));
        }
    }

    /// <summary>The reserved gradient memory of a parameter, or null.</summary>
    public GradientSlot? SlotOf(string name) => _slots.GetValueOrDefault(name);

    /// <summary>Clears all gradients; the next backward writes new ones.</summary>
    public void ClearGradients()
    {
        GradientNorms?.Clear();
        foreach (var name in _names)
            ClearGradient(name);
        _rowGradients.Clear();
    }

    /// <summary>
    /// Clears the gradient of one parameter. If its memory is reserved, other references to that
    /// gradient will later see another step's values.
    /// </summary>
    public void ClearGradient(string name)
    {
        var tensor = _tensors[name];
        if (_slots.TryGetValue(name, out var slot) && !slot.IsFilled && tensor.grad is { } gradient)
        {
            GradientNorms?.Forget(gradient.data_ptr);
            if (gradient.is_contiguous && gradient.dtype == DType.Float32)
                slot.Park(gradient);
            else
                gradient.Dispose();
        }
        tensor.grad = null;
    }

    private void DropSlot(string name)
    {
        if (_slots.Remove(name, out var slot))
            slot.Dispose();
    }

    /// <summary>Number of elements over the parameters that satisfy a predicate.</summary>
    public long Count(Func<string, bool>? where = null) =>
        _names.Where(n => where?.Invoke(n) ?? true).Sum(n => _tensors[n].numel);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
        foreach (var slot in _slots.Values)
            slot.Dispose();
        GradientNorms?.Dispose();
        _slots.Clear();
        _tensors.Clear();
        _names.Clear();
        _rowGradients.Clear();
    }
}
