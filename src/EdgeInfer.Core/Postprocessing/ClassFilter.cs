using EdgeInfer.Configuration;
using EdgeInfer.Diagnostics;
using EdgeInfer.Models;

namespace EdgeInfer.Postprocessing;

/// <summary>Per class: whether it is reported, and from which score on.</summary>
internal sealed class ClassFilter
{
    private readonly float[] _thresholds;
    private readonly bool[] _isWanted;
    private readonly bool[] _hasOwn;

    /// <summary>Reads labels and thresholds against the model's labels.</summary>
    /// <exception cref="FaultException">A label that the model does not have.</exception>
    public ClassFilter(Model model, DecoderOptions options)
    {
        int classes = model.Labels.Count;
        _thresholds = new float[classes];
        _isWanted = new bool[classes];
        _hasOwn = new bool[classes];
        _thresholds.AsSpan().Fill((float)(options.Threshold ?? model.Threshold));
        _isWanted.AsSpan().Fill(options.Labels is null);
        FaultList faults = new();
        foreach (string label in options.Labels ?? []) ForEach(model, label, "labels", faults, c => _isWanted[c] = true);
        foreach ((string label, double threshold) in options.LabelThresholds) ForEach(model, label, "threshold", faults, c => (_thresholds[c], _hasOwn[c]) = ((float)threshold, true));
        faults.ThrowIfAny();
        if (model.BackgroundClass >= 0 && model.BackgroundClass < classes) Exclude(model.BackgroundClass);
        FindLowest();
    }

    /// <summary>Classes of the model, the background class included.</summary>
    public int Count => _thresholds.Length;

    /// <summary>No score below it is a result of any class.</summary>
    public float Lowest { get; private set; }

    /// <summary>Another threshold for the classes without one of their own. Between two frames; allocates nothing.</summary>
    public void UseDefault(float threshold)
    {
        for (int c = 0; c < _thresholds.Length; c++)
            if (!_hasOwn[c]) _thresholds[c] = threshold;
        FindLowest();
    }

    /// <summary>Whether a score is a finite number at or above its class's threshold; a class that is not reported may pass, since it still suppresses.</summary>
    public bool Passes(int @class, float score) => score >= _thresholds[@class] && score <= float.MaxValue;

    /// <summary>Whether the class is reported.</summary>
    public bool IsWanted(int @class) => _isWanted[@class];

    // Nothing reaches infinity, so the background neither is a result nor suppresses one.
    private void Exclude(int @class)
    {
        _isWanted[@class] = false;
        _hasOwn[@class] = true;
        _thresholds[@class] = float.PositiveInfinity;
    }

    private void FindLowest()
    {
        Lowest = float.PositiveInfinity;
        foreach (float threshold in _thresholds) Lowest = MathF.Min(Lowest, threshold);
    }

    // A label may stand for several classes: datasets do repeat names.
    private static void ForEach(Model model, string label, string key, FaultList faults, Action<int> act)
    {
        bool isKnown = false;
        for (int c = 0; c < model.Labels.Count; c++)
        {
            if (model.Labels[c] != label) continue;
            isKnown = true;
            act(c);
        }

        if (isKnown) return;
        string cure = NearestKey.Find(label, model.Labels) is { } nearest ? $"did you mean '{nearest}'?" : "see the labels with: edgeinfer model inspect " + model.Path;
        faults.Add(FaultKind.Configuration, key, $"model '{model.Name}' has no label '{label}'", cure);
    }
}
